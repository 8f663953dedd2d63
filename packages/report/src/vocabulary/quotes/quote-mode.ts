/** How log lines are quoted: cut to what is known to be harmless, or whole, with recognised secrets masked. */
export const QUOTE_MODES = ['known', 'full'] as const
export type QuoteMode = (typeof QUOTE_MODES)[number]
