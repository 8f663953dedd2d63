import type { SourceLabels } from './source-labels.ts'

const POD = /^[a-z0-9][a-z0-9.-]*-(?=[a-z]*\d)[a-z0-9]{8,10}-[a-z0-9]{5}(?=$|[._])/
/** `/var/log/containers`: pod, namespace, container and the ID of the container. */
const CONTAINER_LOG = /^([a-z0-9.-]+)_([a-z0-9-]+)_([a-z0-9-]+)-[0-9a-f]{64}\.log/
/** `/var/log/pods/NAMESPACE_POD_UID/CONTAINER/0.log` */
const POD_FOLDER = /^([a-z0-9-]+)_([a-z0-9.-]+)_[0-9a-f-]{32,36}$/

/** Pod, namespace and container that a path names, as a node, `kubectl cluster-info dump` or a person names files. */
export function labelsOfPath(path: string): SourceLabels {
  const [parent2 = '', parent = '', base = ''] = ['', '', ...path.split('/')].slice(-3)
  const ofContainer = CONTAINER_LOG.exec(base)
  if (ofContainer !== null) {
    const [, pod = '', namespace = '', container = ''] = ofContainer
    return { pod, namespace, container }
  }
  const ofFolder = POD_FOLDER.exec(parent2)
  if (ofFolder !== null) {
    const [, namespace = '', pod = ''] = ofFolder
    return { namespace, pod, container: parent }
  }
  if (base === 'logs.txt' && parent2 !== '' && parent !== '')
    return { namespace: parent2, pod: parent }
  const [pod] = POD.exec(base) ?? []
  return pod === undefined ? {} : { pod }
}
