// Where the worker's script begins.
import {listen} from './worker.js';

listen(self);
