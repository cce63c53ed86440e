"""client.py MODE HOST:PORT COUNT: urllib | session | bound.

urllib: a loop of urlopen(), which asks to close after every request. session: one requests.Session, or where that is not
installed one kept http.client connection. bound: a source address given to http.client, which binds before it connects.
RATE: so many a second at most.
"""
import http.client
import json
import os
import sys
import time
import urllib.request

mode, target, count = sys.argv[1:]
url = f'http://{target}/small'


def by_urllib():
    # The machine may have a proxy set, which is not inside.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask():
        with opener.open(url) as response:
            response.read()
    return ask


def by_session():
    try:
        import requests
    except ImportError:
        kept = http.client.HTTPConnection(target)

        def ask():
            kept.request('GET', '/small')
            kept.getresponse().read()
        return ask
    session = requests.Session()
    session.trust_env = False
    return lambda: session.get(url).content


def by_bound():
    def ask():
        connection = http.client.HTTPConnection(target, source_address=('', 0))
        connection.request('GET', '/small')
        connection.getresponse().read()
        connection.close()
    return ask


ask = {'urllib': by_urllib, 'session': by_session, 'bound': by_bound}[mode]()
start = time.monotonic()
for index in range(int(count)):
    if 'RATE' in os.environ:
        time.sleep(max(0, start + index / float(os.environ['RATE']) - time.monotonic()))
    ask()
print('done', json.dumps({'count': int(count), 'errors': {}}), flush=True)
sys.stdin.read()
