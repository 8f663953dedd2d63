import { LiveLine, type OutputStream, styles } from '@warren/runtime'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 100

/** A line that moves while the user waits; silent in a pipe. Disposing it clears the line. */
export class Spinner implements Disposable {
  readonly #line: LiveLine
  readonly #paint: (text: string) => string
  readonly #timer: NodeJS.Timeout | undefined
  readonly #startedAt = performance.now()
  #text: string
  #frame = 0

  constructor(text: string, stream: OutputStream, env: NodeJS.ProcessEnv) {
    this.#text = text
    this.#line = new LiveLine(stream, env)
    this.#paint = styles(stream, env).cyan
    if (this.#line.live) this.#timer = setInterval(() => this.#draw(), FRAME_MS)
  }

  update(text: string): void {
    this.#text = text
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#line.clear()
  }

  #draw(): void {
    const frame = this.#paint(FRAMES[this.#frame++ % FRAMES.length] ?? '')
    const seconds = Math.floor((performance.now() - this.#startedAt) / 1000)
    this.#line.draw(`${frame} ${this.#text} ${seconds} s`)
  }
}
