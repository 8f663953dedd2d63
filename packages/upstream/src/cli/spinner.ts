import { type OutputStream, styles } from '@warren/runtime'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 100
const CLEAR_LINE = '\r\u001b[2K'

/** One line that moves while somebody waits; silent in a pipe. Disposing takes the line away. */
export class Spinner implements Disposable {
  readonly #stream: OutputStream
  readonly #paint: (text: string) => string
  readonly #timer: NodeJS.Timeout | undefined
  readonly #startedAt = performance.now()
  #text: string
  #frame = 0

  constructor(text: string, stream: OutputStream, env: NodeJS.ProcessEnv) {
    this.#text = text
    this.#stream = stream
    this.#paint = styles(stream, env).cyan
    if (stream.isTTY === true) this.#timer = setInterval(() => this.#draw(), FRAME_MS)
  }

  update(text: string): void {
    this.#text = text
  }

  [Symbol.dispose](): void {
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#stream.write(CLEAR_LINE)
  }

  #draw(): void {
    const frame = this.#paint(FRAMES[this.#frame++ % FRAMES.length] ?? '')
    const seconds = Math.floor((performance.now() - this.#startedAt) / 1000)
    const width = (this.#stream.columns ?? 80) - 4
    this.#stream.write(`${CLEAR_LINE}${frame} ${`${this.#text} ${seconds} s`.slice(0, width)}`)
  }
}
