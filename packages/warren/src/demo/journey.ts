/** What the demo reads of a log line: the fields of the events it follows. */
export interface LogLine {
  readonly component: string
  readonly msg: string
  readonly [field: string]: unknown
}

export interface NodeAnswer {
  readonly node: string
  readonly status: 'ok' | 'error'
  /** The count the node published: hidden or rounded. */
  readonly count: number
  readonly reason?: string
}

/** How far a question has come. The order is the order of the journey. */
export const STAGES = ['asked', 'handed out', 'answered', 'aggregated', 'submitted'] as const
export type Stage = (typeof STAGES)[number]

export interface QuestionProgress {
  readonly stage: Stage
  readonly asked: number
  readonly handedOut: number
  readonly answers: readonly NodeAnswer[]
}

/**
 * Follows one question through the network by the log lines of its programs, as an operator would: the demo
 * has no private door into the relay or the bunnies.
 */
export class Journey {
  readonly #nodeOfSubtask = new Map<string, string>()
  readonly #answers = new Map<string, NodeAnswer>()
  readonly #reasons = new Map<string, string>()
  readonly #onProgress: (progress: QuestionProgress) => void
  readonly #submitted = Promise.withResolvers<void>()
  #taskId: string | undefined
  #asked = 0
  #stage: Stage = 'asked'
  /** Lines seen before the task's uuid was known: a fast network is quicker than the HTTP response. */
  readonly #early: LogLine[] = []

  constructor(onProgress: (progress: QuestionProgress) => void) {
    this.#onProgress = onProgress
  }

  /** Says which task this journey is about, once the upstream has named it. */
  follow(taskId: string): void {
    this.#taskId = taskId
    for (const line of this.#early.splice(0)) this.observe(line)
  }

  /** Takes one log line of any program of the network. */
  observe(line: LogLine): void {
    if (this.#taskId === undefined) {
      if (this.#early.length < 1000) this.#early.push(line)
      return
    }
    if (line.component === 'bunny') this.#observeBunny(line)
    else if (line['taskId'] === this.#taskId) this.#observeHub(line)
  }

  /**
   * Resolves when the relay knows that its answer has arrived: a moment after the upstream has it, because the
   * relay writes its line when the upstream has replied.
   */
  get submitted(): Promise<void> {
    return this.#submitted.promise
  }

  get progress(): QuestionProgress {
    const answers = [...this.#answers.values()].toSorted((a, b) => a.node.localeCompare(b.node))
    return { stage: this.#stage, asked: this.#asked, handedOut: this.#nodeOfSubtask.size, answers }
  }

  #observeHub(line: LogLine): void {
    switch (line.msg) {
      case 'task admitted':
        this.#asked = Number(line['nodes'])
        break
      case 'task handed out':
        this.#nodeOfSubtask.set(String(line['subtaskId']), String(line['node']))
        this.#reach('handed out')
        break
      case 'result stored':
        this.#reach('answered')
        break
      case 'task settled':
        this.#reach('aggregated')
        break
      case 'result submitted':
        this.#reach('submitted')
        break
      default:
        return
    }
    this.#onProgress(this.progress)
  }

  #observeBunny(line: LogLine): void {
    const subtaskId = String(line['taskId'])
    if (!this.#nodeOfSubtask.has(subtaskId)) return
    if (line.msg === 'task not answerable') {
      this.#reasons.set(subtaskId, String(line['reason']))
    } else if (line.msg === 'task solved') {
      const reason = this.#reasons.get(subtaskId)
      this.#answers.set(subtaskId, {
        node: String(line['hospital']),
        status: line['status'] === 'ok' ? 'ok' : 'error',
        count: Number(line['count'] ?? 0),
        ...(reason === undefined ? {} : { reason }),
      })
      this.#onProgress(this.progress)
    }
  }

  #reach(stage: Stage): void {
    if (STAGES.indexOf(stage) > STAGES.indexOf(this.#stage)) this.#stage = stage
    if (stage === 'submitted') this.#submitted.resolve()
  }
}
