// The entry point of the worker.
import {listen} from './worker.js';

listen(self);
