/**
 * How log stores name the parts of a record, in their JSON and in the columns of their CSV. A further store needs only its names here
 * and a case in the test. Names of columns are compared without regard to case.
 */
export const EXPORT_NAMES = {
  /** The program's own line. */
  line: [
    'log', // Docker, Fluent Bit
    'line', // Loki
    'Line', // Grafana
    'message', // stern, Elastic, CloudWatch events
    'body', // OpenTelemetry collectors
    '@message', // CloudWatch Logs Insights
    'MESSAGE', // journald
    'textPayload', // Google Cloud Logging
    'LogMessage', // Azure ContainerLogV2
    'LogEntry', // Azure ContainerLog
    '_raw', // Splunk
    'Content', // Datadog
  ],
  /** When the line was written. The exact ones come first: the others may be in the time zone of a browser. */
  time: [
    'tsNs',
    '__REALTIME_TIMESTAMP',
    'timeUnixNano',
    'timestamp',
    '@timestamp',
    'time',
    'Time',
    'ts',
    'date',
    'TimeGenerated',
    'TimeGenerated [UTC]',
    '_time',
  ],
  /** Members that contain the record, such as a hit of Elasticsearch. */
  record: ['_source', 'jsonPayload', 'attributes', 'result'],
  /** Members and columns that identify the pod or the host. Others are examined as well if they are objects of one of these names. */
  labels: [
    'labels',
    'fields',
    'stream',
    'kubernetes',
    'resource',
    'k8s',
    'podName',
    'pod',
    'pod_name',
    'PodName',
    'containerName',
    'container',
    'container_name',
    'ContainerName',
    'CONTAINER_NAME',
    '_SYSTEMD_UNIT',
    'namespace',
    'namespace_name',
    'PodNamespace',
    'logStreamName',
    '@logStream',
    'kubernetes.pod.name',
    'kubernetes.pod_name',
    'kubernetes.container.name',
    'kubernetes.container_name',
    'kubernetes.namespace',
    'kubernetes.namespace_name',
    'resource.labels.pod_name',
    'resource.labels.namespace_name',
    'resource.labels.container_name',
    'resource.labels.cluster_name',
    'Pod Name',
    'SYSLOG_IDENTIFIER',
  ],
} as const
