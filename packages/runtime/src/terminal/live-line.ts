import type { OutputStream } from './output-stream.ts'
import { columnsOf } from './columns.ts'
import { displayWidth, truncate } from './text-width.ts'

const CLEAR_LINE = '\r\u001b[2K'
const CLEAR_TO_END_OF_SCREEN = '\u001b[J'

/** A line at the end of a terminal that is redrawn in place. */
export class LiveLine {
  /** False in a pipe and on a dumb terminal: nothing is drawn there. */
  readonly live: boolean
  readonly #stream: OutputStream
  readonly #env: NodeJS.ProcessEnv
  #drawnWidth = 0

  constructor(stream: OutputStream, env: NodeJS.ProcessEnv) {
    this.live = stream.isTTY === true && env['TERM'] !== 'dumb'
    this.#stream = stream
    this.#env = env
  }

  /** Columns a line may take. The last column stays free: a character there makes some terminals wrap. */
  get width(): number {
    return columnsOf(this.#stream, this.#env) - 1
  }

  /** Draws `text`, shortened to one line, over what was drawn before. */
  draw(text: string): void {
    if (!this.live) return
    const shown = truncate(text, this.width)
    this.#stream.write(this.#erasure() + shown)
    this.#drawnWidth = displayWidth(shown)
  }

  clear(): void {
    if (this.#drawnWidth === 0) return
    this.#stream.write(this.#erasure())
    this.#drawnWidth = 0
  }

  /** A terminal that has become narrower shows the line on several rows, with the cursor on the last one. */
  #erasure(): string {
    const { columns } = this.#stream
    const rows = columns === undefined || columns < 1 ? 1 : Math.ceil(this.#drawnWidth / columns)
    return rows > 1 ? `\u001b[${rows - 1}A\r${CLEAR_TO_END_OF_SCREEN}` : CLEAR_LINE
  }
}
