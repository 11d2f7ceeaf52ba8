// A page whose model runs on the server that sent it; requests to the server need its API key, if any.
import {start} from './app.js';
import {Remote} from './remote.js';

const model = new URLSearchParams(location.search).get('model');

start((facts) => new Remote(facts), () => new Remote({name: model}).ask('facts'));
