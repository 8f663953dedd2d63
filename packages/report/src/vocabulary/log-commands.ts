import type { Role } from './role.ts'

/** How the log of a component is collected. Placeholders are in capitals; a command contains no text of a log. */
export interface LogCommands {
  readonly log: string
  /** The most likely one first. */
  readonly commands: readonly string[]
}

/**
 * Commands that collect the log of a component.
 * @param from beginning of the time range, UTC, as the document writes instants; null if unknown
 */
export function logCommands(role: Role, from: string | null): LogCommands {
  const since = from === null ? null : `${from.slice(0, 19)}Z`
  const kubectl = (target: string, file: string): string =>
    `kubectl -n NAMESPACE logs --prefix --timestamps${since === null ? '' : ` --since-time=${since}`} ${target} > ${file}`
  const docker = (container: string, file: string): string =>
    `docker logs --timestamps${since === null ? '' : ` --since ${since}`} ${container} > ${file} 2>&1`
  const journal = (unit: string, file: string): string =>
    `journalctl -u ${unit} -o short-iso-precise --utc${since === null ? '' : ` --since "${since.slice(0, 19).replace('T', ' ')} UTC"`} > ${file}`
  switch (role) {
    case 'client':
      return {
        log: 'log of the client (bunny)',
        commands: [
          kubectl('deployment/BUNNY', 'bunny.log'),
          docker('BUNNY', 'bunny.log'),
          journal('BUNNY', 'bunny.log'),
        ],
      }
    case 'relay':
      return {
        log: 'log of the relay',
        commands: [
          kubectl('deployment/RELAY', 'relay.log'),
          docker('RELAY', 'relay.log'),
          journal('RELAY', 'relay.log'),
        ],
      }
    case 'broker':
      return {
        log: 'log of RabbitMQ',
        commands: [
          kubectl('statefulset/RABBITMQ', 'rabbitmq.log'),
          docker('RABBITMQ', 'rabbitmq.log'),
          'cp /var/log/rabbitmq/rabbit@*.log .',
        ],
      }
    case 'database':
    case 'cdm':
      return {
        log: role === 'cdm' ? 'log of the OMOP database' : 'log of the relay database (PostgreSQL)',
        commands: [
          kubectl('statefulset/POSTGRESQL', 'postgresql.log'),
          docker('POSTGRESQL', 'postgresql.log'),
          'cp /var/log/postgresql/postgresql-*.log .',
        ],
      }
    case 'load-balancer':
      return {
        log: 'access log of the load balancer',
        commands: [
          kubectl('deployment/INGRESS', 'ingress.log'),
          'aws s3 cp --recursive s3://BUCKET/AWSLogs/ACCOUNT/elasticloadbalancing/REGION/YEAR/MONTH/DAY/ load-balancer/',
          'cp /var/log/nginx/access.log .',
        ],
      }
    case 'upstream':
      return {
        log: 'log of the upstream',
        commands: [
          kubectl('deployment/UPSTREAM', 'upstream.log'),
          docker('UPSTREAM', 'upstream.log'),
        ],
      }
    case 'unknown':
      return { log: 'log of this component', commands: [kubectl('pod/POD', 'pod.log')] }
    default:
      return role satisfies never
  }
}
