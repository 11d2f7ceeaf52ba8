// A page of a recorded text.
import {start} from './app.js';
import {recordedIn} from './recorded.js';

start(recordedIn);
