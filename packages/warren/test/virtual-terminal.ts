import { displayWidth } from '@warren/runtime'

// oxlint-disable-next-line eslint/no-control-regex -- escape sequences are what a terminal reads
const TOKEN = /\u001b\[([\d;?]*)([A-Za-z])|[\r\n]|[^\u001b\r\n]/gu

/** Enough of a terminal to see what is on its screen after programs have redrawn lines. */
export class VirtualTerminal {
  readonly columns: number
  readonly isTTY = true
  readonly #rows: string[][] = [[]]
  #row = 0
  #column = 0
  /** How often a line was longer than the screen is wide. */
  wraps = 0

  constructor(columns: number) {
    this.columns = columns
  }

  write(text: string): void {
    for (const [token, parameters = '', command] of text.matchAll(TOKEN)) {
      if (command !== undefined) this.#control(command, parameters)
      else if (token === '\r') this.#column = 0
      else if (token === '\n') this.#nextRow()
      else this.#print(token)
    }
  }

  /** The lines on the screen, without spaces at their ends. */
  get lines(): string[] {
    return this.#rows.map((row) =>
      Array.from(row, (cell) => cell ?? ' ')
        .join('')
        .trimEnd(),
    )
  }

  #control(command: string, parameters: string): void {
    if (command === 'A') this.#row = Math.max(0, this.#row - Number(parameters || 1))
    else if (command === 'K') this.#clearRow(parameters)
    else if (command === 'J') {
      this.#clearRow(parameters)
      this.#rows.splice(this.#row + 1)
    } else if (command !== 'm') throw new Error(`unknown control sequence ${command}`)
  }

  #clearRow(parameters: string): void {
    if (parameters === '2') this.#rows[this.#row] = []
    else this.#rows[this.#row]?.splice(this.#column)
  }

  #print(character: string): void {
    const width = displayWidth(character)
    if (this.#column + width > this.columns) {
      this.wraps += 1
      this.#nextRow()
    }
    const row = this.#rows[this.#row] ?? []
    this.#rows[this.#row] = row
    row[this.#column] = character
    if (width === 2) row[this.#column + 1] = ''
    this.#column += width
  }

  #nextRow(): void {
    this.#row += 1
    this.#column = 0
    this.#rows[this.#row] ??= []
  }
}
