# One image for every process; docker-compose.yml says which one a container runs.
FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements.txt /
RUN /venv/bin/pip install --require-hashes -r /requirements.txt

FROM python:3.12-slim
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin hachi \
 && install --directory --owner hachi --group hachi /data
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
RUN /venv/bin/python -m compileall -q config drill jobs reports scripts
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    VAR_DIR=/data BIND_ADDRESS=0.0.0.0
USER hachi
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "config.wsgi"]
