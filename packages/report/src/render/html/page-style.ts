import { SafeHtml } from './html-template.ts'

/** One style sheet for screen and paper, light and dark. Colours carry a tone; a mark or a word always says it too. */
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
header.top { padding-top: 28px }
h1 { font-size: 15px; font-weight: 600; color: var(--soft); margin: 0 0 12px }
h2 { font-size: 20px; margin: 44px 0 12px; padding-top: 8px; border-top: 1px solid var(--line) }
h3 { font-size: 16px; margin: 0 }
p { margin: 8px 0; max-width: 78ch }
a { color: var(--note) }
.skip { position: absolute; left: -9999px } .skip:focus { left: 8px; top: 8px; background: var(--paper); padding: 8px; z-index: 2 }
:focus-visible { outline: 3px solid var(--note); outline-offset: 2px }
.soft { color: var(--soft) } .small { font-size: 13px } .num { text-align: right; font-variant-numeric: tabular-nums }
.verdict { border-left: 6px solid var(--tone); background: var(--tone-soft); padding: 16px 20px; border-radius: 0 10px 10px 0 }
.verdict strong { display: block; font-size: 26px; line-height: 1.25; color: var(--tone) }
.verdict p { margin: 6px 0 0; font-size: 17px }
.good { --tone: var(--good); --tone-soft: var(--good-soft) } .warn { --tone: var(--warn); --tone-soft: var(--warn-soft) }
.bad { --tone: var(--bad); --tone-soft: var(--bad-soft) } .note { --tone: var(--note); --tone-soft: var(--note-soft) }
.none { --tone: var(--none); --tone-soft: var(--none-soft) }
.pill { display: inline-block; white-space: nowrap; padding: 1px 9px; border-radius: 999px; font-size: 13px; font-weight: 600; color: var(--tone); background: var(--tone-soft) }
nav ol { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 16px 0 0; padding: 0; font-size: 14px }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 12px; margin: 18px 0; padding: 0 }
.facts div { background: var(--panel); border-radius: 10px; padding: 12px 14px }
.facts dt { font-size: 13px; color: var(--soft) } .facts dd { margin: 2px 0 0; font-size: 18px; font-weight: 600; font-variant-numeric: tabular-nums }
.caveats { list-style: none; padding: 0; margin: 14px 0 } .caveats li { border-left: 4px solid var(--tone); background: var(--panel); padding: 8px 14px; margin: 6px 0; border-radius: 0 8px 8px 0 }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: 14px } caption { text-align: left; color: var(--soft); font-size: 13px; padding: 4px 0 }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: 13px } th, td { padding: 7px 12px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top }
td.wide { min-width: 240px } td.path { overflow-wrap: anywhere }
.card { border: 1px solid var(--line); border-radius: 12px; padding: 16px 18px; margin: 14px 0; background: var(--paper) }
.card > header { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; justify-content: space-between }
.finding { border-left: 5px solid var(--tone) }
.finding dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; margin: 10px 0; font-size: 14px } .finding dt { color: var(--soft) } .finding dd { margin: 0 }
.act { font-weight: 600 }
details { margin: 10px 0 0 } summary { cursor: pointer; color: var(--note); font-size: 14px }
pre { margin: 8px 0 0; padding: 10px 12px; background: var(--panel); border-radius: 8px; overflow-x: auto; font: 12.5px/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
pre .at { color: var(--soft); user-select: all }
ol.steps { list-style: none; counter-reset: step; padding: 0; margin: 12px 0 0 } ol.steps li { counter-increment: step; position: relative; padding: 0 0 14px 44px; border-left: 2px solid var(--line); margin-left: 12px }
ol.steps li::before { content: counter(step); position: absolute; left: -13px; top: 0; width: 24px; height: 24px; border-radius: 50%; background: var(--tone-soft); color: var(--tone); font-size: 13px; font-weight: 700; text-align: center; line-height: 24px }
ol.steps li:last-child { border-left-color: transparent }
figure { margin: 12px 0 0 } figcaption { font-size: 13px; color: var(--soft); margin-top: 4px } svg { display: block; max-width: 100%; height: auto }
svg text { font-family: inherit; fill: var(--soft); font-size: 12px } svg .name { fill: var(--ink); font-weight: 600; font-size: 13px }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; list-style: none; padding: 0; margin: 6px 0 0; font-size: 13px; color: var(--soft) } .legend svg { display: inline-block; vertical-align: -1px; margin-right: 5px }
.b-ok { fill: var(--good) } .b-mixed { fill: var(--warn) } .b-failed { fill: var(--bad) } .b-quiet { fill: var(--none-soft) } .b-no-log { fill: url(#no-log) }
.grid { stroke: var(--line) } .s1 { stroke: var(--series-1) } .s2 { stroke: var(--series-2) } .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round } .dash { stroke-dasharray: 3 4 }
.checks { list-style: none; padding: 0 } .checks li { display: grid; grid-template-columns: 96px 1fr; gap: 4px 14px; padding: 10px 0; border-bottom: 1px solid var(--line) }
.checks strong { font-weight: 600 }
footer { max-width: 1080px; margin: 48px auto; padding: 16px 24px 0; color: var(--soft); font-size: 13px }
@media print {
  body { font-size: 11px } nav, .skip { display: none } .card, .verdict, tr, figure { break-inside: avoid } h2 { break-after: avoid }
  details:not([open])::details-content { content-visibility: visible; block-size: auto } summary { color: var(--soft) }
}
</style>`)
