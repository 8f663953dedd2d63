import manifest from '../package.json' with { type: 'json' }

/** Of this program: said to the relay in `User-Agent` and to receivers of distributions in `metadata.bcos`. */
export const VERSION: string = manifest.version
