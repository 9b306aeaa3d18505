{{ config(incremental_strategy='delete+insert', unique_key='replication_hour') }}

{{ look_back(1) }}
