// A page whose model runs on the server that sent it: what the server tells of it needs the key that
// the server wants.
import {start} from './app.js';
import {Remote} from './remote.js';

const model = new URLSearchParams(location.search).get('model');

start((facts) => new Remote(facts), () => new Remote({name: model}).ask('facts'));
