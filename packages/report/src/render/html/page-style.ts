import { SafeHtml } from './html-template.ts'

/** One style sheet for screen and paper, light and dark. Colour is never the only sign of a tone. */
export const PAGE_STYLE = new SafeHtml(`<style>
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #14202e; --soft: #55647a; --line: #d9e0e8; --panel: #f5f7fa;
  --good: #096545; --good-soft: #d6f0e4; --warn: #9a5b00; --warn-soft: #fdeccb; --bad: #b3261e; --bad-soft: #fbdcd9;
  --note: #1f5fa8; --note-soft: #dbe8f8; --none: #5f6b7a; --none-soft: #e7ebf0;
  --series-1: #1f5fa8; --series-2: #b0568b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #10161e; --ink: #e8edf3; --soft: #9fb0c3; --line: #2b3846; --panel: #18212c;
    --good: #4cc38f; --good-soft: #123a2b; --warn: #f0b04a; --warn-soft: #43300f; --bad: #ff8a80; --bad-soft: #4a1d1a;
    --note: #7cb5f5; --note-soft: #17304d; --none: #a3b0bf; --none-soft: #27313d;
    --series-1: #7cb5f5; --series-2: #e58fc0;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
main, header.top { max-width: 1080px; margin: 0 auto; padding: 0 24px }
header.top { padding-top: 18px }
h1 { font-size: 15px; font-weight: 600; color: var(--soft); margin: 0 0 8px }
h2 { font-size: 20px; margin: 44px 0 12px; padding-top: 8px; border-top: 1px solid var(--line) }
h3 { font-size: 16px; margin: 26px 0 6px } .card h3 { margin: 0 }
p { margin: 8px 0; max-width: 78ch }
a { color: var(--note) }
.skip { position: absolute; left: -9999px } .skip:focus { left: 8px; top: 8px; background: var(--paper); padding: 8px; z-index: 2 }
:focus-visible { outline: 3px solid var(--note); outline-offset: 2px }
.soft { color: var(--soft) } .small { font-size: 13px } .num { text-align: right; font-variant-numeric: tabular-nums }
.verdict { border-left: 6px solid var(--tone); background: var(--tone-soft); padding: 16px 20px; border-radius: 0 10px 10px 0 }
.verdict strong { display: block; font-size: 26px; line-height: 1.25; color: var(--tone) }
.verdict p { margin: 6px 0 0; font-size: 17px } .verdict p.small { font-size: 13px }
.good { --tone: var(--good); --tone-soft: var(--good-soft) } .warn { --tone: var(--warn); --tone-soft: var(--warn-soft) }
.bad { --tone: var(--bad); --tone-soft: var(--bad-soft) } .note { --tone: var(--note); --tone-soft: var(--note-soft) }
.none { --tone: var(--none); --tone-soft: var(--none-soft) }
.pill { display: inline-block; white-space: nowrap; padding: 1px 9px; border-radius: 999px; font-size: 13px; font-weight: 600; color: var(--tone); background: var(--tone-soft) }
nav ol { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 16px 0 0; padding: 0; font-size: 14px }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 18px 0; padding: 0 }
.facts div { background: var(--panel); border-radius: 10px; padding: 12px 14px }
.facts dt { font-size: 13px; color: var(--soft) } .facts dd { margin: 2px 0 0; font-size: 18px; font-weight: 600; font-variant-numeric: tabular-nums }
.caveats { list-style: none; padding: 0; margin: 14px 0 } .caveats li { border-left: 4px solid var(--tone); background: var(--panel); padding: 8px 14px; margin: 6px 0; border-radius: 0 8px 8px 0 }
.scroll { overflow-x: auto; background: linear-gradient(to right, var(--paper) 30%, transparent) 0 0, linear-gradient(to left, var(--paper) 30%, transparent) 100% 0, linear-gradient(to right, var(--line), transparent) 0 0, linear-gradient(to left, var(--line), transparent) 100% 0; background-size: 40px 100%, 40px 100%, 14px 100%, 14px 100%; background-repeat: no-repeat; background-attachment: local, local, scroll, scroll }
.flow { font-weight: 600; overflow-wrap: anywhere } .wires { display: none; list-style: none; padding: 0; margin: 12px 0 0 } .wires li { display: flex; gap: 4px 12px; justify-content: space-between; align-items: baseline; padding: 5px 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; font-size: 14px } caption { text-align: left; color: var(--soft); font-size: 13px; padding: 4px 0 }
th { text-align: left; font-weight: 600 } thead th { color: var(--soft); font-size: 13px } th, td { padding: 7px 12px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top }
td.wide { min-width: 240px } td.path { overflow-wrap: anywhere }
.card { border: 1px solid var(--line); border-radius: 12px; padding: 16px 18px; margin: 14px 0; background: var(--paper) }
.card > header { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; justify-content: space-between }
.finding { border-left: 5px solid var(--tone) }
.finding dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; margin: 10px 0; font-size: 14px } .finding dt { color: var(--soft) } .finding dd { margin: 0 }
.act { font-weight: 600 }
details { margin: 10px 0 0 } summary { cursor: pointer; color: var(--note); font-size: 14px }
pre { margin: 8px 0 0; padding: 10px 12px; background: var(--panel); border-radius: 8px; overflow-x: auto; font: 12.5px/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
code { font: .92em ui-monospace, "DejaVu Sans Mono", Menlo, monospace; background: var(--panel); padding: 1px 4px; border-radius: 4px }
pre .at { color: var(--soft); user-select: all }
ol.steps { list-style: none; counter-reset: step; padding: 0; margin: 12px 0 0 } ol.steps li { counter-increment: step; position: relative; padding: 0 0 14px 44px; border-left: 2px solid var(--line); margin-left: 12px }
ol.steps li::before { content: counter(step); position: absolute; left: -13px; top: 0; width: 24px; height: 24px; border-radius: 50%; background: var(--tone-soft); color: var(--tone); font-size: 13px; font-weight: 700; text-align: center; line-height: 24px }
ol.steps li:last-child { border-left-color: transparent }
figure { margin: 12px 0 0 } figcaption { font-size: 13px; color: var(--soft); margin-top: 4px } svg { display: block; max-width: 100%; height: auto }
svg.topology { min-width: 640px } svg text { font-family: inherit; fill: var(--soft); font-size: 12px } svg .name { fill: var(--ink); font-weight: 600; font-size: 13px }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; list-style: none; padding: 0; margin: 4px 0; font-size: 13px; color: var(--soft) }
.legend i { display: inline-block; width: 14px; height: 10px; margin-right: 6px; border-radius: 2px }
.b-ok { fill: var(--good); background: var(--good) } .b-failed { fill: var(--bad); background: var(--bad) } .b-quiet { fill: var(--none); background: var(--none) }
i.b-ok { height: 7px } i.b-quiet { height: 2px; vertical-align: 3px } i.b-mixed { background: linear-gradient(var(--bad) 40%, var(--good) 40%) } i.b-no-log { border: 1px solid var(--line) }
.m-good { fill: var(--good); background: var(--good) } .m-note { fill: var(--note); background: var(--note) } .m-bad { fill: var(--bad); background: var(--bad) }
.m-warn { fill: var(--warn); background: var(--warn) } .m-other { fill: var(--series-2); background: var(--series-2) } .m-none { fill: var(--none); background: var(--none) }
.s1 { stroke: var(--series-1); fill: var(--series-1) } .s2 { stroke: var(--series-2); fill: var(--series-2) } i.s1 { background: var(--series-1) } i.s2 { background: var(--series-2) }
.grid { stroke: var(--line) } .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round } .band { fill-opacity: .2; stroke: none }
.plot path { vector-effect: non-scaling-stroke } .plot .frame { display: grid; grid-template-columns: 58px 1fr; gap: 0 8px; margin-top: 6px }
.plot svg, .strip { width: 100%; background: var(--panel) } .plot svg { height: 96px }
.scale { display: flex; flex-direction: column; justify-content: space-between; text-align: right; font-size: 12px; line-height: 1; color: var(--soft); font-variant-numeric: tabular-nums }
.axis { position: relative; height: 20px; font-size: 12px; color: var(--soft) } .plot .axis { grid-column: 2 } .axis span { position: absolute; top: 3px; white-space: nowrap; padding-left: 3px; border-left: 1px solid var(--line) }
.links { border-top: 1px solid var(--line) } .link { margin: 0; border-bottom: 1px solid var(--line) }
.link > summary, .links-axis { display: grid; grid-template-columns: minmax(130px, 240px) 122px minmax(170px, 1fr) 156px; gap: 2px 14px; align-items: center; padding: 8px 0 }
.links-axis { padding: 0 } .links-axis .axis { grid-column: 3 }
.link > summary { color: var(--ink) } .link > summary strong { overflow-wrap: anywhere; padding-left: 15px; text-indent: -15px } .link > summary strong::before, .finding > summary strong::before { content: "▸ "; color: var(--note) } .link[open] > summary strong::before, .finding[open] > summary strong::before { content: "▾ " }
.link > summary::marker, .finding > summary::marker { content: "" } summary::-webkit-details-marker { color: var(--note) } .link .strip { height: 26px; line-height: 26px } span.strip { padding-left: 8px } .link .pill { justify-self: start }
.numbers { text-align: right; font-size: 13px; line-height: 1.35; font-variant-numeric: tabular-nums }
.target { padding: 2px 0 18px 18px; scroll-margin-top: 60px }
.finding > summary { display: flex; flex-wrap: wrap; gap: 6px 12px; justify-content: space-between; color: var(--ink); font-size: 15px } .finding > .target { padding-left: 0; padding-bottom: 0 }
.actions { list-style: none; padding: 0; overflow-wrap: anywhere } .actions li { border-left: 4px solid var(--tone); padding: 4px 0 4px 12px; margin: 6px 0 }
.checks { list-style: none; padding: 0 } .checks li { display: grid; grid-template-columns: 112px 1fr; align-items: start; gap: 4px 14px; padding: 10px 0; border-bottom: 1px solid var(--line) }
.checks .pill { justify-self: start }
.checks strong { font-weight: 600 }
footer { max-width: 1080px; margin: 48px auto; padding: 16px 24px 0; color: var(--soft); font-size: 13px }
@media screen and (max-width: 760px) {
  main { padding: 0 16px } header.top { padding: 14px 16px 0 } .map .scroll, .map figcaption { display: none } .wires { display: block }
  .stacked thead { display: none } .stacked tr { display: block; padding: 8px 0; border-bottom: 1px solid var(--line) } .stacked th, .stacked td { display: block; border: 0; padding: 1px 0; text-align: left; min-width: 0; overflow-wrap: anywhere }
  .stacked td::before { content: attr(data-label) ": "; color: var(--soft) } .target { padding-left: 0 } .links-axis { display: none }
  .link > summary { grid-template-columns: 1fr auto } .link .strip, .numbers { grid-column: 1 / -1 } .numbers { text-align: left } .numbers br { display: none } .numbers .soft { margin-left: 10px }
  .finding dl { grid-template-columns: 1fr } .finding dt { margin-top: 6px } .checks li { grid-template-columns: 1fr } ol.steps li { padding-left: 26px } pre { font-size: 12px }
}
@media print {
  @page { margin: 14mm 12mm }
  :root { --paper: #fff; --ink: #000 } * { print-color-adjust: exact; -webkit-print-color-adjust: exact }
  body, table, .finding dl, .numbers, summary, .finding > summary { font-size: 11px } pre { font-size: 9px; padding: 6px 8px } .pill, .small, .legend, .axis, .scale { font-size: 10px } h2 { font-size: 16px; margin-top: 24px } nav, .skip { display: none } .scroll { overflow: visible } svg.topology { min-width: 0 }
  .card, .verdict, tr, figure, .link > summary, .steps li, .checks li { break-inside: avoid } h2, h3, summary { break-after: avoid }
  details:not([open]):not(.link)::details-content { content-visibility: visible; block-size: auto } summary { color: var(--soft) }
}
</style>`)
