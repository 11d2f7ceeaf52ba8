// A page whose model runs on the server that sent it.
import {start} from './app.js';
import {Remote} from './remote.js';

start((facts) => new Remote(facts));
