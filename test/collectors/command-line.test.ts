import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maskedCommandLine } from '../../collectors/command-line.ts';

/** "s3cret" is what must never come out. */
describe('maskedCommandLine', () => {
  for (const [argv, line] of [
    [['node', 'server.js', '--port', '80'], 'node server.js --port 80'],
    [['node', 'server.js', '--token=s3cret', '--x'], 'node server.js --token=*** --x'],
    [['node', 'server.js', '--db-password', 's3cret', '--x'], 'node server.js --db-password *** --x'],
    [['node', '--api-key', 's3cret'], 'node --api-key ***'],
    [
      ['java', '-Djavax.net.ssl.keyStorePassword=s3cret', '-jar', 'a.jar'],
      'java -Djavax.net.ssl.keyStorePassword=*** -jar a.jar',
    ],
    [['mysql', '-u', 'root', '-ps3cret'], 'mysql -u root -p***'],
    [['sshpass', '-p', 's3cret', 'ssh', 'host'], 'sshpass -p *** ssh host'],
    [['ssh', '-p', '2222', 'host'], 'ssh -p 2222 host'],
    [['curl', '-u', 'me:s3cret', 'http://h/'], 'curl -u *** http://h/'],
    [['curl', '-bsid=s3cret', 'http://h/'], 'curl -b*** http://h/'],
    [['curl', '--proxy-user', 'me:s3cret'], 'curl --proxy-user ***'],
    [['curl', '--user-agent', 'me'], 'curl --user-agent me'],
    [['redis-cli', '-h', 'cache', '-a', 's3cret'], 'redis-cli -h cache -a ***'],
    [['ldapsearch', '-w', 's3cret', '-x'], 'ldapsearch -w *** -x'],
    [['mysql', '-ps3=cret'], 'mysql -p***'],
    [['curl', '-ume:s3cret', 'http://h/'], 'curl -u*** http://h/'],
    [['curl', '-H', 'Authorization: Bearer s3cret'], 'curl -H ***'],
    [['xh', 'Authorization:s3cret'], 'xh Authorization:***'],
    [['psql', 'postgres://me:s3cret@db:5432/x'], 'psql postgres://***@db:5432/x'],
    [['psql', 'host=db password=s3cret user=me'], 'psql "host=db password=*** user=me"'],
    [['env', 'SECRET_KEY=s3cret', 'LANG=C', 'app'], 'env SECRET_KEY=*** LANG=C app'],
    [['get', 'https://h/p?a=1&access_token=s3cret&b=2'], 'get https://h/p?a=1&access_token=***&b=2'],
    [['get', 'https://h/p?access_token=s3cret&b=2'], 'get https://h/p?access_token=***&b=2'],
    [['get', 'x=1&next=https://h/p?token=s3cret'], 'get x=1&next=https://h/p?token=***'],
    [['x', '--config={"password":"s3cret","a":1}'], 'x "--config={\\"password\\":\\"***\\",\\"a\\":1}"'],
    [['x', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzM2NyZXQifQ.abc'], 'x ***'],
    [['x', 'AKIAIOSFODNN7EXAMPLE'], 'x ***'],
    [['x', '--passive', 'yes'], 'x --passive yes'],
    [['x', '--password', '--verbose'], 'x --password --verbose'],
    [['x', ''], 'x ""'],
    [[], ''],
  ] as const) {
    it(`of ${JSON.stringify(argv)}`, () => assert.equal(maskedCommandLine(argv), line));
  }

  it('is not endless', () => assert.equal(maskedCommandLine(['x', 'y'.repeat(100_000)]).length, 512));
});
