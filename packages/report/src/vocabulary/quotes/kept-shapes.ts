/**
 * The values that a quoted line keeps, by their form and by the words before them. Everything else that is not a known word is cut.
 * Repetitions have bounds, so that a crafted line cannot block the program.
 */

const MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)'
const CLOCK = String.raw`[0-2]\d:[0-5]\d:[0-6]\d(?:[.,]\d{1,9})?`
const ISO = String.raw`\d{4}[-/]\d\d[-/]\d\d[T ]${CLOCK}(?:Z|[+-]\d\d:?\d\d| (?:UTC|GMT|BST|CET|CEST|IST))?`
const LEVEL = '(?:DEBUG|INFO|WARNING|ERROR|CRITICAL|VRB|DBG|INF|WRN|ERR|FTL)'

/** The beginning of a line in each format: its time and level. */
export const LINE_HEAD = new RegExp(
  [
    String.raw`^(?:\[(?:${ISO}|${CLOCK}) ${LEVEL}\]`,
    String.raw`${LEVEL} - \d\d-${MONTH}-\d\d ${CLOCK} -`,
    String.raw`(?:(?:https?|h2|grpcs|wss?) )?${ISO}(?= )(?: \[\d{1,7}\])?)`,
  ].join('|'),
)

/** A UUID, or the ID of a request. Its first four digits are enough to find it again, and too few to identify anyone. */
export const LONG_ID =
  /(?<first>[0-9a-f]{4})(?:[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}|(?<="requestId":".{4})[0-9a-f]{12})\b/iy

/** Members of JSON lines whose numbers are counts, times or statuses. */
const NUMBERS = [
  'level|status|attempt|polls|emptyPolls|nodes|missing|asked|answered|late|failed|partial|checks|connections|published',
  String.raw`fetched|port|bytes|omitted|duration|[a-z][A-Za-z\d]{0,20}Ms|\d{3}`,
].join('|')

const SHAPES: readonly string[] = [
  // What the masker wrote.
  String.raw`‹(?:collection|secret)›`,
  String.raw`'\?'`,
  String.raw`\[REDACTED\]`,

  // Names that are too short to be words.
  String.raw`(?<=<)s(?=:)`,
  String.raw`\b[a-z](?=\.")`,
  String.raw`\bp(?:50|95)Ms\b`,
  String.raw`(?<=@)p\d{1,2}\b`,
  String.raw`(?<=[{,]")[1-5]\d\d(?=":\d)`,

  // Times of a load balancer, and of a JSON line.
  String.raw`\[\d\d\/${MONTH}\/\d{4}:${CLOCK} [+-]\d{4}\]`,
  String.raw`(?<="time":)\d{13}\b`,

  // Durations and sizes.
  String.raw`(?<![\w.-]|\d )\d{1,3}(?:,\d{3}){0,2}(?:\.\d{1,6})? ?(?:ms|s|sec|seconds?|min|minutes?|h|hours?|days?|%|bytes?|[kKMG]i?B)\b`,
  String.raw`(?<![\w.-]|\d )\d{1,7}(?:\.\d{1,6})? ?(?:ms|s|seconds?)\b`,
  String.raw`(?<=timeout[ =:'"]{1,4})\d{1,6}(?:\.\d{1,3})?\b`,
  String.raw`(?<=threshold of )${CLOCK}`,
  String.raw`(?<="(?:${NUMBERS})":)\d{1,9}(?:\.\d{1,9})?\b`,

  // Statuses, codes, attempts and ports.
  String.raw`(?<=\b(?:responded|[Ss]tatus|[Ss]tatus:|code|success:|failed with|HTTP|HTTP_) ?)[1-5]\d\d\b`,
  String.raw`(?<![\w.-])[45]\d\d(?= (?:Client|Server) Error\b)`,
  String.raw`(?<=HTTP\/[\d.]{1,3}" )[1-5]\d\d \d{1,9}\b`,
  String.raw`(?<=:\d{1,5} )(?:-1|\d{1,4}\.\d{1,6}) (?:-1|\d{1,4}\.\d{1,6}) (?:-1|\d{1,4}\.\d{1,6}) [1-5]\d\d (?:-|[1-5]\d\d) \d{1,9} \d{1,9}(?= ")`,
  String.raw`(?<=- )-1 -1 -1 [1-5]\d\d - \d{1,9} \d{1,9}(?= ")`,
  String.raw`HTTP\/[123](?:\.[01])?`,
  String.raw`(?<=\berrno ?)-?\d{1,3}\b`,
  String.raw`(?<=\bport[ =:'"]{1,3})\d{2,5}\b`,
  String.raw`\b(?:08\d{3}|28000|28P01|3D000|53\d00|55P03|57014|57P0\d|42P01|42501|23505|22P02|40001|40P01|XX000)(?=:)`,
  String.raw`\(0x80\d{6}\)`,
  String.raw`(?<=_ssl\.c:)\d{2,5}\b`,
  String.raw`(?<=\()\d{1,2}\/\d{1,2}(?=\))`,

  // Processes of Erlang, and addresses within a machine or a private network.
  String.raw`<0\.\d{1,9}\.\d{1,4}>`,
  String.raw`(?<![\d.])(?:127\.\d{1,3}|10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}(?:\.\d{1,3})?(?::\d{1,5})?(?![\d.])`,
  String.raw`\[::1?\]:\d{1,5}\b`,

  // Hosts, where an address or an error names one; users of a broker or a database.
  String.raw`(?<=(?:\b(?:request to|for url:|GET|POST|HEAD) |"url":")https?:\/\/(?:‹secret›@)?|\b(?:amqps?|postgres(?:ql)?):\/\/(?:‹secret›@)?)[A-Za-z][\w-]{0,62}(?:\.[\w-]{1,62}){0,6}(?::\d{1,5})?(?=[/\s"'?),\]]|$)`,
  String.raw`(?<=\b(?:host=|host: |resolve |valid for )['"])[A-Za-z][\w-]{0,62}(?:\.[\w-]{1,62}){0,6}(?=['"])`,
  String.raw`(?<=\b(?:ENOTFOUND|EAI_AGAIN|Connection to) )[A-Za-z][\w-]{0,62}(?:\.[\w-]{1,62}){1,6}(?=$|[\s"'),])`,
  String.raw`(?<=\brabbit@)[a-z][\w-]{0,62}`,

  // Versions.
  String.raw`(?<=\b(?:version: v?|"version":"v?|RabbitMQ |Erlang |PostgreSQL ))\d{1,3}(?:\.\d{1,5}){0,4}`,
]

/** Any of them, at a position. */
export const KEPT_SHAPE = new RegExp(SHAPES.join('|'), 'iuy')
