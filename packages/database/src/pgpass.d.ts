declare module 'pgpass' {
  /** Finds the password in the file of PGPASSFILE or in `~/.pgpass`; undefined if there is none. */
  export default function pgpass(
    connection: { host: string; port: number; database: string; user: string },
    callback: (password: string | undefined) => void,
  ): void
}
