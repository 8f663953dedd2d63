import manifest from '../package.json' with { type: 'json' }

/** The version of the bunny, sent to the relay in `User-Agent` and to receivers of distributions in `metadata.bcos`. */
export const VERSION: string = manifest.version
