# Airflow with the provider, its DAG and its queries. `docker build .` makes the image for every Airflow service;
# `docker build --target sandbox .` makes the local Ödüyo of the trial.
#
# For another release, name another tag, and read docs/deploy.md first.
ARG AIRFLOW_IMAGE=apache/airflow:3.3.2-python3.12

# The wheel, built from this checkout as it would be for anybody else.
FROM ${AIRFLOW_IMAGE} AS wheel
COPY --chown=airflow:0 pyproject.toml README.md LICENSE /tmp/source/
COPY --chown=airflow:0 plugins /tmp/source/plugins
COPY --chown=airflow:0 dags /tmp/source/dags
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /tmp/wheels /tmp/source

# Not part of what is installed in production: the local Ödüyo. Its two libraries are in the base image already.
FROM ${AIRFLOW_IMAGE} AS sandbox
ENV PYTHONUNBUFFERED=1
WORKDIR /opt/sandbox
COPY sandbox/__init__.py sandbox/
COPY sandbox/oduyo sandbox/oduyo
# A new named volume takes over this folder's owner.
RUN mkdir -m 0770 /opt/airflow/oduyo
EXPOSE 8600
ENTRYPOINT ["python", "-m", "sandbox.oduyo", "--host", "0.0.0.0", "--db", "/opt/airflow/oduyo/oduyo.sqlite"]

# The last stage is the default target.
FROM ${AIRFLOW_IMAGE} AS airflow
# Further packages, blank-separated: the ERP's database (apache-airflow-providers-microsoft-mssql), object storage
# (apache-airflow-providers-amazon[s3fs]).
ARG EXTRA_PACKAGES=""
COPY --from=wheel --chown=airflow:0 /tmp/wheels /tmp/wheels
# Airflow's own constraints lie in the image. Naming Airflow's version keeps it from being changed; what the extras name is
# in the image already, unless it is a slim one. With uv, since pip searches for hours when something does not fit. uv
# leaves compiling to each container's start, so it is done here; files for other Python versions do not compile.
# hadolint ignore=SC2086  EXTRA_PACKAGES is a list of words
RUN uv pip install --no-cache --constraint "${HOME}/constraints.txt" \
        "apache-airflow[celery,fab,postgres,redis]==${AIRFLOW_VERSION}" /tmp/wheels/*.whl ${EXTRA_PACKAGES} \
    && pip check \
    && { python -m compileall -q "${HOME}/.local/lib" >/dev/null || true; } \
    && mkdir -m 0770 /opt/airflow/staging
COPY --chown=airflow:0 dags /opt/airflow/dags
