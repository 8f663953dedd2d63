export const OUTPUT_FORMATS = ['md', 'html', 'json', 'text'] as const
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]

/** The format a file name asks for; undefined where it says nothing. */
export function formatOfFile(name: string | undefined): OutputFormat | undefined {
  const ending = /\.([a-z]+)$/i.exec(name ?? '')?.[1]?.toLowerCase()
  if (ending === 'htm') return 'html'
  if (ending === 'markdown') return 'md'
  if (ending === 'txt') return 'text'
  return OUTPUT_FORMATS.find((format) => format === ending)
}
