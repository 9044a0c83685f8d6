/** @file Who stands between a client and an S3 server, and plays the bad days of a network: answers that get lost, or come wrong. */
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Passing {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

/** What becomes of a request: `pass`; `lose` its answer; `swallow` it, so that nobody answers; or a status in place of it, or after it. */
export type Fate = 'pass' | 'lose' | 'swallow' | number | { readonly after: number; readonly body?: string };

export interface Between {
  readonly endpoint: string;
  /** Decides over every request; all pass at first. */
  judge: (passing: Passing) => Fate | Promise<Fate>;
  close(): void;
}

/** Starts it in front of a port of this machine. The request goes on as it was signed. */
export async function standBetween(port: number): Promise<Between> {
  const server = createServer(async (incoming, outgoing) => {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of incoming) pieces.push(piece);
    } catch {
      return; // who asked is gone
    }
    const { method = '', url = '', headers } = incoming;
    const fate = await between.judge({ method, url, headers });
    if (fate === 'swallow') return;
    if (typeof fate === 'number') {
      outgoing.writeHead(fate).end();
      return;
    }
    const onward = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      const body: Buffer[] = [];
      answer.on('data', (piece) => body.push(piece));
      answer.on('end', () => {
        if (fate === 'lose') outgoing.destroy();
        else {
          const { after = answer.statusCode!, body: instead } = typeof fate === 'object' ? fate : {};
          const headers = instead === undefined ? (answer.headers as OutgoingHttpHeaders) : {};
          outgoing.writeHead(after, headers).end(instead ?? Buffer.concat(body));
        }
      });
    });
    onward.on('error', () => outgoing.destroy());
    onward.end(Buffer.concat(pieces));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const between: Between = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    judge: () => 'pass',
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return between;
}
