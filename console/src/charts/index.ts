export { Bars, Histogram } from './bars';
export { Icicle } from './icicle';
export { Treemap } from './treemap';
export { Trend } from './trend';
export { VirtualTable } from './virtual_table';
