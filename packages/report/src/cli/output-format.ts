export const OUTPUT_FORMATS = ['md', 'html', 'json', 'text'] as const
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]

/** The format for the extension of a file name; undefined if the extension is missing or unknown. */
export function formatOfFile(name: string | undefined): OutputFormat | undefined {
  const extension = /\.([a-z]+)$/i.exec(name ?? '')?.[1]?.toLowerCase()
  if (extension === 'htm') return 'html'
  if (extension === 'markdown') return 'md'
  if (extension === 'txt') return 'text'
  return OUTPUT_FORMATS.find((format) => format === extension)
}
