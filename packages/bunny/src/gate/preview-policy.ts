import type { CohortOptions } from '@warren/cohort'
import { ExitCode, ProgramError, type Logger } from '@warren/runtime'
import type { Clock } from '../clock.ts'
import { decide, type Verdict } from '../policy/decide.ts'
import { DeniedConcepts } from '../policy/denied-concepts.ts'
import { PolicyFileError, readPolicyFile, type LoadedPolicy } from '../policy/policy-file.ts'
import { OPEN_POLICY } from '../policy/site-policy.ts'
import { ConceptNameCache } from '../question/concept-names.ts'
import { namedConcepts, questionWords, readQuestion, type Question } from '../question/question.ts'
import type { CdmSource } from '../sources/cdm-source.ts'

export interface Preview {
  readonly question: Question
  readonly words: string
  /** Without limits and similar questions: nothing has been asked. */
  readonly verdict: Verdict
  readonly denied: ReadonlySet<number>
}

/** What the policy of the site says about a task. Counts and records nothing. */
export async function previewPolicy(
  body: unknown,
  options: {
    readonly policyFile: string | undefined
    readonly source: CdmSource
    readonly omop: CohortOptions
    readonly clock: Clock
    readonly log: Logger
  },
): Promise<Preview> {
  const { policyFile, source, omop, clock, log } = options
  const question = readQuestion(body, omop)
  const loaded = await loadPolicy(policyFile)
  const denied = await new DeniedConcepts(source, log).of(loaded)
  const now = clock.now()
  const nothing = { today: 0, total: 0 }
  const verdict = decide(question, loaded.policy, {
    now,
    usage: { owner: nothing, all: nothing },
    similar: 0,
    denied,
  })
  const names = await new ConceptNameCache(source, () => now).read(namedConcepts(question))
  return { question, words: questionWords(question, names), verdict, denied }
}

/** Throws `ProgramError` (exit code 78) if the file is not valid. */
async function loadPolicy(path: string | undefined): Promise<LoadedPolicy> {
  if (path === undefined) return { policy: OPEN_POLICY }
  try {
    return await readPolicyFile(path)
  } catch (error: unknown) {
    if (!(error instanceof PolicyFileError)) throw error
    throw policyProblem(error)
  }
}

export function policyProblem(error: PolicyFileError): ProgramError {
  return new ProgramError(`BUNNY_POLICY_FILE: ${error.message}`, {
    exitCode: ExitCode.config,
    hint: 'Correct the policy file. Run warren bunny policy check to see all problems.',
    cause: error,
  })
}
