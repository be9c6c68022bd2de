// How a report looks on a screen and on paper.
#pragma once

#include <string_view>

namespace nines::tools {

inline constexpr std::string_view kReportStyle = R"css(
:root { --ink: #17202a; --mute: #5a6673; --line: #d5dbe1; --soft: #f4f6f8; --up: #2b9348; --degraded: #c98a00;
  --down: #c8281e; --maintenance: #2f6fb7; --paused: #6b5fb5; --none: #dfe4e9; }
* { box-sizing: border-box; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
body { margin: 0; color: var(--ink); background: #fff; font: 14px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 0; overflow-wrap: anywhere; }
h3 { font-size: .95rem; margin: 1.2rem 0 .35rem; }
p { margin: .4rem 0; } .mute { color: var(--mute); } .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
header { border-bottom: 3px solid var(--ink); padding-bottom: .6rem; margin-bottom: 1.2rem; }
header p { margin: .25rem 0 0; font-size: 1.05rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .5rem; border-top: 1px solid var(--line); overflow-wrap: break-word; }
td.t { white-space: nowrap; font-variant-numeric: tabular-nums; }
thead th { border-top: 0; border-bottom: 2px solid var(--line); color: var(--mute); font-weight: 600; vertical-align: bottom; }
thead th.n { white-space: normal; }
tbody th { font-weight: 600; }
tr.said td { border-top: 0; padding-top: 0; color: var(--mute); }
.met { color: var(--up); font-weight: 700; } .missed { color: var(--down); font-weight: 700; }
section.server { border-top: 1px solid var(--ink); padding-top: .9rem; margin-top: 2rem; }
dl.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.3rem, 1fr)); gap: .5rem; margin: .7rem 0; }
dl.figures div { background: var(--soft); border-radius: 6px; padding: .45rem .65rem; }
dl.figures dt { color: var(--mute); font-size: .8rem; } dl.figures dd { margin: 0; font-size: 1.05rem; font-weight: 650; font-variant-numeric: tabular-nums; }
dl.figures dd small { display: block; font-weight: 400; font-size: .8rem; color: var(--mute); }
svg.bars { display: block; width: 100%; height: 34px; margin-top: .6rem; }
.axis { display: flex; justify-content: space-between; font-size: .8rem; color: var(--mute); }
.u { fill: var(--up); } .g { fill: var(--degraded); } .d { fill: var(--down); } .m { fill: var(--maintenance); } .p { fill: var(--paused); } .x { fill: var(--none); }
.key { font-size: .8rem; color: var(--mute); } .key span { white-space: nowrap; margin-right: .9rem; } .key svg { width: .7em; height: .7em; margin-right: .3em; }
code { font: .85em/1.4 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
section.method { border-top: 3px solid var(--ink); margin-top: 2.5rem; padding-top: .9rem; font-size: .9rem; }
@media (max-width: 40rem) { .wide { overflow-x: auto; } .wide table { min-width: 36rem; } main { padding: 1rem .8rem; } }
@page { size: A4; margin: 15mm 14mm 16mm; }
@media print {
  body { font-size: 9.5pt; } main { max-width: none; padding: 0; } h1 { font-size: 18pt; } h2 { font-size: 13pt; }
  h2, h3, thead { break-after: avoid; } tr, dl.figures div, svg.bars { break-inside: avoid; } thead { display: table-header-group; }
  tr.told { break-after: avoid; } .lead { break-inside: avoid; } .wide { overflow: visible; } .wide table { min-width: 0; }
  section.server { margin-top: 1.2rem; } a { color: inherit; text-decoration: none; }
}
)css";

}  // namespace nines::tools
