# Keystone as a WSGI application for uwsgi, with what keystone-manage does on a new database in the same process:
# loading its modules takes most of the time that each of those commands takes.
#
# OS_KEYSTONE_CONFIG_FILES names the configuration, TEST_ADMIN_PASSWORD the password that `admin` gets.
# PUT /test/expiration/SECONDS sets [token] expiration from then on.

import os

from keystone.cmd import bootstrap
from keystone.common.sql import upgrades
from keystone.server.flask import core
import keystone.conf
import keystone.server

CONF = keystone.conf.CONF


def synchronise():
    keystone.server.configure(config_files=core._get_config_files())
    upgrades.offline_sync_database_to_version()
    CONF.reset()


def boot():
    bootstrap.backends.load_backends = dict  # they are loaded already, which is done once
    bootstrapper = bootstrap.Bootstrapper()
    bootstrapper.admin_password = os.environ['TEST_ADMIN_PASSWORD']
    bootstrapper.admin_username = 'admin'
    bootstrapper.project_name = 'admin'
    bootstrapper.admin_role_name = 'admin'
    bootstrapper.service_name = 'keystone'
    bootstrapper.immutable_roles = True
    bootstrapper.bootstrap()


synchronise()
keystone_application = core.initialize_application(name='public', config_files=core._get_config_files())
boot()


def application(environ, start_response):
    path = environ['PATH_INFO']
    if environ['REQUEST_METHOD'] == 'PUT' and path.startswith('/test/expiration/'):
        CONF.set_override('expiration', int(path.rsplit('/', 1)[1]), 'token')
        start_response('204 No Content', [])
        return []
    return keystone_application(environ, start_response)
