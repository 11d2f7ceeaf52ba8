// A page in which the model runs.
import {start} from './app.js';
import {Live, opened} from './live.js';

start((facts) => opened(new Live(JSON.parse(document.getElementById('worker').textContent)), facts));
