export interface LoadProgress {
  readonly step: 'reading' | 'finishing'
  /** Bytes of the files on disk, compressed or not. */
  readonly bytesRead: number
  readonly bytesTotal: number
  readonly file: string
}

export interface LoadedTable {
  readonly table: string
  /** The file, or the folder or pattern of several. `null` if the folder has none for the table. */
  readonly file: string | null
  readonly rows: number
  readonly skippedLines: number
  /** Values that could not be read, in columns that no task reads. They are NULL. */
  readonly emptiedValues: number
}

export interface LoadReport {
  readonly target: string
  readonly tables: readonly LoadedTable[]
  /** Notes on a successful load, one sentence each. */
  readonly notes: readonly string[]
  readonly bytes: number
  readonly durationMs: number
}
