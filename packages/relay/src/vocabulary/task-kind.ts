export type TaskKind = 'availability' | 'distribution'

/** How results are combined. `none`: no node is asked, because the task is unsupported or unreadable. */
export type TaskType = 'availability' | 'generic' | 'demographics' | 'none'
