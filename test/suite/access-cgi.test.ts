/** The access matrix through CGI, by a process for each request. */
import { doors } from '../doors/all.js';
import { accessMatrix } from './access-matrix.js';

accessMatrix(doors.filter(({ name }) => /CGI/.test(name)));
