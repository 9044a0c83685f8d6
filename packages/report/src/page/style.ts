/** @file How the page looks: on a wide screen, on a phone, in the dark, on paper. */

/** Colours that charts are drawn in, and what they become on a dark ground. */
const IN_THE_DARK: readonly (readonly [on: string, dark: string])[] = [
  ['white', 'transparent'],
  ['#fff', 'transparent'],
  ['#000', '#e6edf3'],
  ['black', '#e6edf3'],
  ['#24292f', '#e6edf3'],
  ['#57606a', '#9da7b3'],
  ['#888', '#6e7781'],
  ['#ddd', '#30363d'],
  ['#d0d7de', '#3d444d'],
  ['#afb8c1', '#6e7781'],
  ['#eef1f4', '#21262d'],
  // Shares of elements: on a dark ground the worst must be the brightest.
  ['#fee6ce', '#3f2d20'],
  ['#fdae6b', '#7d4a1e'],
  ['#f16913', '#c8621b'],
  ['#cb181d', '#ff7b72'],
  ['#67000d', '#ffd8d3'],
  ['#8c1d18', '#ff938a'],
  ['#cf222e', '#ff6b6b'],
  ['#1f6feb', '#58a6ff'],
  ['#1a7f37', '#3fb950'],
  ['#8250df', '#b794f6'],
];

const darkCharts = IN_THE_DARK.flatMap(([on, dark]) => [
  `figure svg [fill="${on}"]{fill:${dark}}`,
  `figure svg [stroke="${on}"]{stroke:${dark}}`,
]).join('\n');

export const style = `
:root{--ink:#1f2328;--soft:#57606a;--ground:#fff;--card:#f6f8fa;--line:#d0d7de;--good:#1a7f37;--bad:#cf222e;--look:#9a6700;color-scheme:light dark}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:62rem;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;overflow-wrap:break-word}
h1{font-size:1.7rem;line-height:1.25;margin:.2rem 0}
h2{font-size:1.3rem;margin:2.5rem 0 .6rem;padding-top:.8rem;border-top:1px solid var(--line)}
h3{font-size:1.08rem;margin:1.6rem 0 .5rem}
h4,h5,h6{font-size:1rem;margin:1.2rem 0 .4rem}
p{margin:.5rem 0}
a{color:inherit}
.soft{color:var(--soft)}
code,pre{font:0.86em/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
pre{overflow-x:auto;padding:.8rem;background:var(--card);border-radius:6px}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0;list-style:none;margin:.6rem 0}
.wide{overflow-x:auto;margin:.6rem 0}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.28rem .7rem .28rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th{font-weight:600}
td.number,th.number{text-align:right}
td.whole{white-space:nowrap}
td.differs{font-weight:600}
figure{margin:2rem 0}
figure h3{margin:0}
figure p{margin:0;font-size:.9rem}
.picture{margin:.5rem 0 .3rem}
.narrow{display:none}
figure svg{display:block;max-width:100%;height:auto}
figcaption{color:var(--soft);font-size:.9rem;max-width:46rem}
figure + .quiet,.quiet + .quiet{margin-top:1.2rem}
.quiet::before{content:"✓";color:var(--good);font-weight:700;margin-right:.5rem}
.findings{padding:0;list-style:none}
.findings li{margin:.25rem 0;padding-left:1.3rem;position:relative}
.findings li::before{position:absolute;left:0;font-weight:700}
.bad::before{content:"✕";color:var(--bad)}
.look::before{content:"!";color:var(--look)}
.good::before{content:"✓";color:var(--good)}
.holds{color:var(--good);font-weight:600;white-space:nowrap}
.fails{color:var(--bad);font-weight:600;white-space:nowrap}
details{margin:.8rem 0}
summary{cursor:pointer}
footer{margin-top:3rem;padding-top:.8rem;border-top:1px solid var(--line);color:var(--soft);font-size:.88rem}
@media screen and (max-width:40rem){
body{font-size:15px;overflow-wrap:anywhere}
.picture{display:none}
.picture.narrow{display:block}
figure svg{width:100%;max-width:26rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere}
table,tbody,tr,th,td{display:block}
thead{display:none}
tr{padding:.5rem 0;border-bottom:1px solid var(--line)}
th,td,td.number,td.whole{text-align:left;white-space:normal;border:0;padding:.1rem 0}
td[data-label]:not([data-label=""])::before{content:attr(data-label) ": ";color:var(--soft);font-weight:400}
}
@media (prefers-color-scheme:dark){
:root{--ink:#e6edf3;--soft:#9da7b3;--ground:#0d1117;--card:#161b22;--line:#30363d;--good:#3fb950;--bad:#ff6b6b;--look:#d29922}
${darkCharts}
}
@media print{
body{max-width:none;padding:0;font-size:10.5pt}
figure,table,.findings li{break-inside:avoid}
figure,.wide,pre{overflow:visible}
figure svg{max-width:100%;width:auto}
pre{white-space:pre-wrap}
h2,h3{break-after:avoid}
nav{display:none}
}
`;
