"""How the report looks: by day, by night, on paper."""

from typing import Final

STYLE: Final = """
:root { --ink: #1c2430; --soft: #5b6675; --paper: #f6f7f9; --card: #fff; --line: #e1e5ea;
  --works: #1a7f4b; --differs: #9a6700; --change: #c0352b; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa6b5; --paper: #12161c; --card: #1a2029;
  --line: #2c3542; --works: #4cc38a; --differs: #e0a83c; --change: #f2786d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; letter-spacing: -.01em; }
header p, small, .what { color: var(--soft); }
.works { --tone: var(--works); } .differs { --tone: var(--differs); } .change { --tone: var(--change); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1rem; margin: 1.5rem 0 1rem; }
.card { background: var(--card); border: 1px solid var(--line); border-top: 4px solid var(--tone); border-radius: 10px;
  padding: 1rem 1.1rem; display: grid; gap: .1rem; position: relative; }
.card strong { font-size: 2.2rem; line-height: 1.1; font-variant-numeric: tabular-nums; }
.card .mark { position: absolute; right: 1rem; top: .8rem; font-size: 1.4rem; }
.mark { color: var(--tone); font-weight: 700; }
.bar { display: flex; height: .6rem; border-radius: 99px; overflow: hidden; background: var(--line); }
.bar span { background: var(--tone); }
details, .unread { background: var(--card); border: 1px solid var(--line); border-radius: 10px; margin: 1rem 0;
  overflow: hidden; }
.unread { padding: .25rem 1.1rem; border-left: 4px solid var(--change); }
summary { cursor: pointer; padding: .8rem 1.1rem; }
summary code { color: var(--soft); }
.pill { display: inline-block; color: var(--tone); border: 1px solid var(--tone); border-radius: 99px;
  padding: 0 .6rem; margin-right: .4rem; font-size: .82rem; font-weight: 600; }
details > p { padding: 0 1.1rem; }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-size: .78rem; text-transform: uppercase; letter-spacing: .04em; color: var(--soft); }
th, td { padding: .55rem 1.1rem; border-top: 1px solid var(--line); vertical-align: top; }
td { overflow-wrap: anywhere; }
td:first-child { width: 30%; }
code { font: .86em/1.4 ui-monospace, monospace; }
footer { margin-top: 2rem; color: var(--soft); }
@media (max-width: 46rem) { thead { display: none; } tr, td { display: block; width: auto; }
  td { border: 0; padding: .2rem 1.1rem; } tr { border-top: 1px solid var(--line); padding: .5rem 0; } }
@media print { body { background: #fff; } details { break-inside: avoid; } }
"""
