import { isJsonObject } from '@warren/task-api'
import { ExitCode, ProgramError } from '@warren/runtime'
import { request } from 'undici'
import type { CollectionCredentials } from '../collections/collection.ts'
import type { UpstreamConfig } from '../config.ts'
import type { CollectionView } from '../http/asking.routes.ts'
import { isLoopback } from '../http/loopback.ts'
import type { QuestionView } from '../http/question-view.ts'

const WAIT_S = 25
const RESPONSE_TIMEOUT_MS = 15_000

/** Calls a running upstream for the command line. Every failure is a ProgramError with a hint. */
export class UpstreamClient {
  readonly #base: string
  readonly #token: string | undefined

  constructor(config: UpstreamConfig) {
    this.#base = (config.url ?? localUrl(config)).replace(/\/+$/, '')
    if (!/^https?:\/\//i.test(this.#base) || !URL.canParse(this.#base)) {
      throw new ProgramError(`"${this.#base}" is not an http or https URL`, {
        exitCode: ExitCode.usage,
        hint: 'Use a URL such as http://127.0.0.1:8090 in --url or UPSTREAM_URL.',
      })
    }
    this.#token = config.askerToken
  }

  async ask(task: unknown): Promise<QuestionView> {
    return this.#call<QuestionView>('POST', '/api/v1/questions', task)
  }

  /** The question once it is settled, or in its current state after at most `seconds`. */
  async question(uuid: string, seconds: number): Promise<QuestionView> {
    const wait = Math.min(seconds, WAIT_S)
    const path = `/api/v1/questions/${encodeURIComponent(uuid)}?wait=${wait}`
    return this.#call<QuestionView>('GET', path)
  }

  /** The newest first, without their results. */
  async listQuestions(limit: number): Promise<readonly QuestionView[]> {
    const path = `/api/v1/questions?limit=${limit}`
    const { questions } = await this.#call<{ questions: QuestionView[] }>('GET', path)
    return questions
  }

  async cancelQuestion(uuid: string): Promise<QuestionView> {
    return this.#call<QuestionView>('POST', `/api/v1/questions/${encodeURIComponent(uuid)}/cancel`)
  }

  async addCollection(name: string): Promise<CollectionCredentials> {
    return this.#call<CollectionCredentials>('POST', '/api/v1/collections', { name })
  }

  async listCollections(): Promise<readonly CollectionView[]> {
    const path = '/api/v1/collections'
    const { collections } = await this.#call<{ collections: CollectionView[] }>('GET', path)
    return collections
  }

  async #call<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
    const response = await this.#send(method, path, body)
    if (response.status < 300 && isJsonObject(response.json)) {
      // The routes of this package write these types.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return response.json as T
    }
    throw this.#errorOf(response.status, response.json)
  }

  async #send(
    method: 'GET' | 'POST',
    path: string,
    body: unknown,
  ): Promise<{ status: number; json: unknown }> {
    try {
      const { statusCode, body: content } = await request(`${this.#base}${path}`, {
        method,
        headers: {
          accept: 'application/json',
          ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(WAIT_S * 1000 + RESPONSE_TIMEOUT_MS),
      })
      return { status: statusCode, json: parseJson(await content.text()) }
    } catch (error: unknown) {
      const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
      throw new ProgramError(`no response from an upstream at ${this.#base}${reason}`, {
        exitCode: ExitCode.unavailable,
        hint: 'Start one with warren upstream serve, or set its URL with --url or UPSTREAM_URL.',
        cause: error,
      })
    }
  }

  #errorOf(status: number, json: unknown): ProgramError {
    const { message, action, problems } = isJsonObject(json) ? json : {}
    const listed = Array.isArray(problems)
      ? problems.map((problem) => `\n  ${formatProblem(problem)}`)
      : []
    const text =
      typeof message === 'string' ? lowerFirst(message) : `${this.#base} returned ${status}`
    return new ProgramError(`${text}${listed.join('')}`, {
      exitCode:
        status === 400 ? ExitCode.data : status >= 500 ? ExitCode.unavailable : ExitCode.failure,
      hint: status === 401 ? TOKEN_HINT : typeof action === 'string' ? action : ADDRESS_HINT,
    })
  }
}

const ADDRESS_HINT = 'Check that an upstream runs at the URL in --url or UPSTREAM_URL.'
const TOKEN_HINT =
  'Set UPSTREAM_ASKER_TOKEN (or UPSTREAM_ASKER_TOKEN_FILE) to the token of the upstream.'

function localUrl({ host, port }: UpstreamConfig): string {
  const name = isLoopback(host) ? host : '127.0.0.1'
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function formatProblem(problem: unknown): string {
  if (!isJsonObject(problem)) return ''
  const { path, message } = problem
  return path === '' ? String(message) : `${String(path)}: ${String(message)}`
}
