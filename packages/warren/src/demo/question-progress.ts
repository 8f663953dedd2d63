/** What the demo reads of a log line: the fields of the events it follows. */
export interface LogLine {
  readonly component: string
  readonly msg: string
  readonly [field: string]: unknown
}

export interface NodeResult {
  readonly node: string
  readonly status: 'ok' | 'error'
  /** The count the node submitted: suppressed or rounded. */
  readonly count: number
  readonly reason?: string
}

/** How far a question has come, in this order. */
export const STAGES = ['asked', 'handed out', 'answered', 'combined', 'submitted'] as const
export type Stage = (typeof STAGES)[number]

export interface QuestionProgress {
  readonly stage: Stage
  /** Nodes that the relay asks. */
  readonly asked: number
  readonly handedOut: number
  readonly results: readonly NodeResult[]
}

/**
 * Follows one question through the network in the log lines of its programs, as an operator would: the demo has no
 * special access to the relay or the bunnies.
 */
export class QuestionProgressTracker {
  readonly #nodeOfSubtask = new Map<string, string>()
  readonly #results = new Map<string, NodeResult>()
  readonly #reasons = new Map<string, string>()
  readonly #onProgress: (progress: QuestionProgress) => void
  readonly #submitted = Promise.withResolvers<void>()
  #taskId: string | undefined
  #asked = 0
  #stage: Stage = 'asked'
  /** Lines logged before the uuid of the task was known: a fast network overtakes the HTTP response. */
  readonly #early: LogLine[] = []

  constructor(onProgress: (progress: QuestionProgress) => void) {
    this.#onProgress = onProgress
  }

  /** Sets which task to follow, once the upstream has given it a uuid. */
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
    else if (line['taskId'] === this.#taskId) this.#observeRelay(line)
  }

  /** Resolves when the relay logs that its result was accepted, which is shortly after the upstream has stored it. */
  get submitted(): Promise<void> {
    return this.#submitted.promise
  }

  get progress(): QuestionProgress {
    const results = [...this.#results.values()].toSorted((a, b) => a.node.localeCompare(b.node))
    return { stage: this.#stage, asked: this.#asked, handedOut: this.#nodeOfSubtask.size, results }
  }

  #observeRelay(line: LogLine): void {
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
        this.#reach('combined')
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
      this.#results.set(subtaskId, {
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
