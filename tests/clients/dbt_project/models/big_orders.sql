{{ config(materialized="view") }}
select id from {{ ref("orders") }} where amount > 10
