import { SourceError } from '@warren/database'
import type { CohortOptions } from '@warren/cohort'
import type { DisclosurePolicy } from '@warren/disclosure'
import type { Logger } from '@warren/runtime'
import { errorResult, type EncodedResult } from '@warren/task-api'
import type { QuestionEvent } from '../audit/audit-entry.ts'
import { whatLeft } from '../audit/what-left.ts'
import type { Clock } from '../clock.ts'
import { HeldFolder } from '../held/held-folder.ts'
import { waitForDecision } from '../held/wait-for-decision.ts'
import { BunnyEvent } from '../log-events.ts'
import { decide, limitReached, type Verdict } from '../policy/decide.ts'
import type { DeniedConcepts } from '../policy/denied-concepts.ts'
import type { LoadedPolicy, PolicyFile } from '../policy/policy-file.ts'
import { localTime } from '../policy/quiet-hours.ts'
import type { SimilarQuestions } from '../policy/similar-questions.ts'
import type { Usage } from '../policy/usage.ts'
import type { ConceptNameCache } from '../question/concept-names.ts'
import {
  criterionHashes,
  namedConcepts,
  questionWords,
  readQuestion,
  type Question,
} from '../question/question.ts'
import type { Deadline } from '../solve/run-query.ts'
import type { Solution } from '../solve/solve-task.ts'
import type { SiteRecord } from './site-record.ts'

export interface TaskGateOptions {
  readonly record: SiteRecord
  readonly policy: PolicyFile
  readonly denied: DeniedConcepts
  readonly usage: Usage
  readonly similar: SimilarQuestions
  /** Without a folder, a question that needs approval is refused. */
  readonly held: HeldFolder | undefined
  readonly names: ConceptNameCache
  /** Whether plain words are stored or shown. Otherwise names are not looked up. */
  readonly namesAreUsed: boolean
  readonly omop: CohortOptions
  readonly disclosure: DisclosurePolicy
  /** A task without a collection is for this one. */
  readonly collectionId: string
  /** Host of the relay, for the record. */
  readonly hub: string
  readonly version: string
  readonly clock: Clock
  readonly log: Logger
}

/** A question that has been decided on. */
export interface Admission {
  readonly question: Question
  readonly words: string
  readonly receivedAt: number
  readonly policy: LoadedPolicy
  readonly denied: ReadonlySet<number>
  /** Why it is not answered; absent if it is. */
  readonly refusal?: string
  readonly warning?: string
  /** The operator that decided, if the question was held. */
  readonly by?: string
}

interface AdmitOptions {
  readonly deadline: Deadline
  /** Ends the wait for approval. */
  readonly stop: AbortSignal
  /** Called when the task begins to wait for approval. */
  readonly onHeld?: () => void
}

/**
 * Where a task passes before and after it is solved: the policy of the site decides whether it is answered, and the record
 * has an entry before anything is sent.
 */
export class TaskGate {
  readonly #options: TaskGateOptions

  constructor(options: TaskGateOptions) {
    this.#options = options
  }

  /**
   * Decides on a task. A held one resolves when it is released or refused, or at its deadline. Rejects only if `stop` aborts
   * meanwhile, with its reason.
   */
  async admit(body: unknown, limits: AdmitOptions): Promise<Admission> {
    const { policy: file, omop, clock, names, namesAreUsed } = this.#options
    const receivedAt = clock.now()
    const question = readQuestion(body, omop)
    const policy = await file.current()
    const words = questionWords(
      question,
      namesAreUsed ? await names.read(namedConcepts(question)) : undefined,
    )
    const base = { question, words, receivedAt, policy, denied: new Set<number>() }
    // The solver says why it is not valid.
    if (question.problems.length > 0) return base
    try {
      const denied = await this.#options.denied.of(policy)
      const verdict = await this.#decide(question, policy, denied)
      return await this.#apply(verdict, { ...base, denied }, body, limits)
    } catch (error: unknown) {
      limits.stop.throwIfAborted()
      // A database or a disk that fails must not open the site.
      this.#options.log.error(
        {
          taskId: question.taskId,
          detail: error instanceof SourceError ? error.message : undefined,
          err: error instanceof SourceError ? undefined : error,
        },
        BunnyEvent.policyFailure,
      )
      return { ...base, refusal: 'This site could not check its policy for this question.' }
    }
  }

  /** The concepts that the policy denies now. Rejects like `DeniedConcepts`. */
  async denied(): Promise<ReadonlySet<number>> {
    return await this.#options.denied.of(await this.#options.policy.current())
  }

  /** Solves an admitted task and records it. The result may be sent once this has resolved. */
  async answer(
    admission: Admission,
    solve: (denied: ReadonlySet<number>) => Promise<Solution>,
  ): Promise<Solution> {
    const { refusal, question, denied } = admission
    if (refusal !== undefined) {
      const result = errorResult(this.#addressOf(question), refusal)
      const solution: Solution = {
        result,
        failure: { kind: 'policy', reason: refusal, cause: undefined },
      }
      return await this.#recorded('refused', admission, solution)
    }
    const solution = await solve(denied)
    const event = solution.failure === undefined ? 'answered' : 'not answerable'
    return await this.#recorded(event, admission, solution)
  }

  /** Records a result that is not from `answer`. Returns whether it may be sent. */
  async recordResult(
    event: QuestionEvent['event'],
    body: unknown,
    result: EncodedResult,
  ): Promise<boolean> {
    const { policy, omop, clock } = this.#options
    const question = readQuestion(body, omop)
    const admission: Admission = {
      question,
      words: questionWords(question),
      receivedAt: clock.now(),
      policy: await policy.current(),
      denied: new Set(),
    }
    return await this.#record(event, admission, { left: whatLeft(result) })
  }

  async #decide(
    question: Question,
    loaded: LoadedPolicy,
    denied: ReadonlySet<number>,
  ): Promise<Verdict> {
    const { usage, similar: earlier, clock, log } = this.#options
    const { policy } = loaded
    const now = clock.now()
    const { owner } = question.asker
    const asked = { owner, sha256: question.sha256, criteria: criterionHashes(question), now }
    const similar = earlier.count(asked)
    const key = usageKey(question)
    const date = localTime(now, policy.zone).date
    // A task that is handed out again has been counted: the limit that it reached itself is not against it.
    const counted = usage.has(key)
    const none = { today: 0, total: 0 }
    const verdict = decide(question, policy, {
      now,
      usage: counted ? { owner: none, all: none } : usage.read(owner, date),
      similar,
      denied,
    })
    await earlier.add(asked)
    if (verdict.warning !== undefined) {
      log.warn(
        { taskId: question.taskId, owner, similar, detail: verdict.warning },
        BunnyEvent.similarQuestions,
      )
    }
    return verdict
  }

  async #apply(
    verdict: Verdict,
    base: Admission,
    body: unknown,
    limits: AdmitOptions,
  ): Promise<Admission> {
    const { policy: file } = this.#options
    const admission: Admission = {
      ...base,
      ...(verdict.warning === undefined ? {} : { warning: verdict.warning }),
    }
    switch (verdict.kind) {
      case 'refuse':
        return { ...admission, refusal: verdict.reason }
      case 'hold': {
        const decided = await this.#hold(verdict.reason, admission, body, limits)
        if (decided.refusal !== undefined) return decided
        return await this.#countWithinLimits({ ...decided, policy: await file.current() })
      }
      case 'answer':
        return await this.#countWithinLimits(admission)
      default:
        return verdict satisfies never
    }
  }

  /** Other questions may have been counted since the decision: the limit is checked in one step with the count. */
  async #countWithinLimits(admission: Admission): Promise<Admission> {
    const { usage, clock } = this.#options
    const { policy } = admission.policy
    const { owner } = admission.question.asker
    const key = usageKey(admission.question)
    const { date } = localTime(clock.now(), policy.zone)
    const limit = usage.has(key) ? undefined : limitReached(policy, usage.read(owner, date))
    if (limit !== undefined) return { ...admission, refusal: limit }
    await usage.count(key, owner, date)
    return admission
  }

  async #hold(
    reason: string,
    admission: Admission,
    body: unknown,
    { deadline, stop, onHeld }: AdmitOptions,
  ): Promise<Admission> {
    const { held, clock, log } = this.#options
    const { question, words, receivedAt } = admission
    if (held === undefined) {
      return {
        ...admission,
        refusal: 'This question needs the approval of the site, which cannot hold questions.',
      }
    }
    const { owner } = question.asker
    const id = HeldFolder.idOf({ owner, sha256: question.sha256 })
    const isHeld = await held.hold(
      {
        format: 1,
        id,
        taskId: question.taskId,
        collection: this.#addressOf(question).collection,
        owner,
        kind: question.code,
        words,
        reason,
        receivedAt: new Date(receivedAt).toISOString(),
        answerBy: new Date(receivedAt + deadline.withinMs).toISOString(),
        body,
      },
      clock.now(),
    )
    if (!isHeld) {
      return {
        ...admission,
        refusal: 'Too many questions wait for the approval of this site. Ask again later.',
      }
    }
    const earlier = await held.decisionOn(id)
    if (earlier === undefined) {
      log.info({ taskId: question.taskId, held: id, reason }, BunnyEvent.taskHeld)
      await this.#record('held', admission, { reason })
    }
    onHeld?.()
    const decision =
      earlier ?? (await waitForDecision(held, id, { clock, deadline: deadline.signal, stop }))
    if (decision === undefined) {
      stop.throwIfAborted()
      return {
        ...admission,
        refusal: 'This question needs the approval of the site, which was not given in time.',
      }
    }
    const by = decision.by
    log.info(
      { taskId: question.taskId, held: id, decision: decision.decision, by },
      BunnyEvent.heldDecided,
    )
    if (decision.decision === 'refuse') {
      const why = decision.reason === undefined ? '.' : `: ${decision.reason}`
      return { ...admission, by, refusal: `This site does not answer this question${why}` }
    }
    await this.#record('released', { ...admission, by }, {})
    return { ...admission, by }
  }

  async #recorded(
    event: QuestionEvent['event'],
    admission: Admission,
    solution: Solution,
  ): Promise<Solution> {
    const reason = solution.failure?.reason
    const isRecorded = await this.#record(event, admission, {
      left: whatLeft(solution.result),
      ...(reason === undefined ? {} : { reason }),
    })
    if (isRecorded) return solution
    const notRecorded = 'This site could not record the question, so it does not answer it.'
    return {
      result: errorResult(this.#addressOf(admission.question), notRecorded),
      failure: { kind: 'policy', reason: notRecorded, cause: undefined },
    }
  }

  /** Returns whether an answer may leave. */
  #record(
    event: QuestionEvent['event'],
    { question, words, receivedAt, policy, warning, by }: Admission,
    more: Pick<QuestionEvent, 'reason' | 'left'>,
  ): Promise<boolean> {
    const { record, hub, disclosure, version } = this.#options
    const { taskId, asker, kind, sha256 } = question
    return record.append({
      event,
      taskId,
      asker: { ...asker, collection: this.#addressOf(question).collection, hub },
      question: { kind, words, sha256 },
      receivedAt: new Date(receivedAt).toISOString(),
      ...(by === undefined ? {} : { by }),
      ...(warning === undefined ? {} : { warning }),
      ...more,
      policy: {
        threshold: disclosure.threshold,
        nearest: disclosure.nearest,
        ...(policy.sha256 === undefined ? {} : { file: policy.sha256 }),
      },
      version,
    })
  }

  #addressOf({ taskId, collection }: Question): { uuid: string; collection: string } {
    return { uuid: taskId, collection: collection === '' ? this.#options.collectionId : collection }
  }
}

const usageKey = ({ taskId, sha256 }: Question): string => `${taskId} ${sha256}`
