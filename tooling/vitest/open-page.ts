/** @file A file opened in headless Chromium as a reader opens it, and what it asked for and shows; over DevTools' pipe. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { removeProfile, startChromium } from './chromium.ts';
import { onlyFontsOf } from './only-font.ts';

const flags =
  '--no-sandbox --headless=new --disable-gpu --disable-background-networking --disable-component-update --disable-sync --no-first-run --disable-default-apps --disable-dev-shm-usage --remote-debugging-pipe';

export interface View {
  readonly width: number;
  readonly scale: number;
  readonly scheme: 'light' | 'dark';
}

export interface Seen<T> {
  /** Of every request, the file's own among them. */
  readonly requests: readonly string[];
  /** What the page's console says, e.g. of a policy that was broken. */
  readonly told: readonly string[];
  /** What `look` returned. */
  readonly value: T;
  /** The whole page as a PNG. */
  readonly screenshot: Buffer;
}

type Message = Readonly<Record<string, unknown>>;

/**
 * Opens `path` in each view; `look` is the body of a function that runs in the page and returns plain data. `fonts`: a
 * folder, the only one whose fonts there are.
 */
export async function openPage<T>(
  path: string,
  views: readonly View[],
  look: string,
  fonts?: string,
): Promise<Seen<T>[]> {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-page-'));
  const { browser, end } = startChromium([...flags.split(' '), `--user-data-dir=${folder}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(fonts === undefined ? {} : { FONTCONFIG_FILE: onlyFontsOf(fonts, folder) }) },
  });
  try {
    const talk = talkOver(browser.stdio[3] as Writable, browser.stdio[4] as Readable);
    const { targetInfos } = await talk.send('Target.getTargets');
    const page = (targetInfos as { type: string; targetId: string }[]).find(({ type }) => type === 'page')!;
    const attached = await talk.send('Target.attachToTarget', { targetId: page.targetId, flatten: true });
    const send = (method: string, params: Message = {}) =>
      talk.send(method, params, attached.sessionId as string);
    for (const domain of ['Network', 'Page', 'Runtime', 'Log']) await send(`${domain}.enable`);
    const seen: Seen<T>[] = [];
    for (const { width, scale, scheme } of views) {
      talk.events.length = 0;
      const shape = { width, deviceScaleFactor: scale, mobile: false };
      await send('Emulation.setDeviceMetricsOverride', { ...shape, height: 900 });
      await send('Emulation.setEmulatedMedia', {
        features: [{ name: 'prefers-color-scheme', value: scheme }],
      });
      await send('Page.navigate', { url: pathToFileURL(path).href });
      await talk.until('Page.loadEventFired');
      const expression = `(() => { ${look} })()`;
      const { result } = await send('Runtime.evaluate', { expression, returnByValue: true });
      const whole = { format: 'png', captureBeyondViewport: true };
      const { cssContentSize } = await send('Page.getLayoutMetrics');
      const { width: w, height: h } = cssContentSize as { width: number; height: number };
      const clip = { x: 0, y: 0, width: w, height: h, scale: 1 };
      const { data } = await send('Page.captureScreenshot', { ...whole, clip });
      const of = (method: string) =>
        talk.events.filter((event) => event.method === method).map(({ params }) => params as Message);
      seen.push({
        requests: of('Network.requestWillBeSent').map(({ request }) => (request as { url: string }).url),
        told: [
          ...of('Log.entryAdded').map(({ entry }) => (entry as { text: string }).text),
          ...of('Runtime.consoleAPICalled').map((call) => JSON.stringify(call)),
        ],
        value: (result as { value: T }).value,
        screenshot: Buffer.from(data as string, 'base64'),
      });
    }
    return seen;
  } finally {
    await end();
    removeProfile(folder);
  }
}

/** Messages are JSON, each ended by a zero byte. */
function talkOver(input: Writable, output: Readable) {
  const waiting = new Map<number, (answer: Message) => void>();
  const events: Message[] = [];
  const listeners = new Set<() => void>();
  let [last, rest] = [0, ''];
  output.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\0');
    rest = parts.pop()!;
    for (const part of parts) {
      const message = JSON.parse(part) as Message;
      if (typeof message.id === 'number') waiting.get(message.id)?.(message);
      else events.push(message);
    }
    for (const listener of listeners) listener();
  });
  return {
    events,
    async send(method: string, params: Message = {}, sessionId?: string): Promise<Message> {
      const id = ++last;
      const answer = new Promise<Message>((resolve) => waiting.set(id, resolve));
      input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
      const { error, result } = await answer;
      if (error) throw new Error(`${method}: ${JSON.stringify(error)}`);
      return result as Message;
    },
    until(method: string): Promise<void> {
      return new Promise((resolve) => {
        const look = (): void => {
          if (!events.some((event) => event.method === method)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
      });
    },
  };
}
