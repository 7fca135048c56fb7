"""GitHub's stand-in: git over HTTP, the REST API, archives, Actions settings and OIDC tokens.

`app.create_app(settings)` is the WSGI application, `publish.publish` puts a
folder into one of its repositories, `oidc.public_keys` is what STS checks
tokens with.
"""
