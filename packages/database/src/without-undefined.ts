type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** Leaves out members that are undefined, because `exactOptionalPropertyTypes` distinguishes them from absent ones. */
export function withoutUndefined<T extends object>(members: T): Defined<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as Defined<T>
}
