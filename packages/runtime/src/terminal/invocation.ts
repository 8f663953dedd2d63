/** `warren` where a command begins: in front of a subcommand, an option or the `[options]` of a usage line. */
const COMMAND = /(?<![\w./@-])warren(?= (?:demo|bunny|omop|relay|upstream|report|help|--?\w|\[))/g

/** `text` with its `warren …` commands as they can be typed here, for example `npx --no-install warren …`. */
export function asInvoked(text: string, invocation = 'warren'): string {
  return text.replaceAll(COMMAND, () => invocation)
}
