// The style sheet and the script of the pages.
#pragma once

namespace nines::tools {

inline constexpr const char* kStyle = R"css(
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2126;--mute:#5d6771;--line:#e1e5e9;--up:#2f9e44;--degraded:#d99a00;--down:#d6322d;--maint:#3b78c4;--none:#d3d8dd;--band:#3b78c433;--card:#f6f8f9}
@media(prefers-color-scheme:dark){:root{--bg:#14181c;--fg:#e4e8ec;--mute:#98a3ad;--line:#2b3138;--up:#40b45a;--degraded:#e0ab2b;--down:#f0524d;--maint:#6ba1e3;--none:#39414a;--band:#6ba1e333;--card:#1b2026}}
*{box-sizing:border-box}body{margin:0 auto;max-width:1100px;padding:1.2rem;background:var(--bg);color:var(--fg);font:15px/1.45 system-ui,sans-serif}
h1{font-size:1.35rem;margin:.2rem 0}h2{font-size:1.05rem;margin:1.6rem 0 .5rem}a{color:inherit}nav a{margin-right:.7rem}nav [aria-current]{font-weight:700}
table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:600;color:var(--mute);font-size:.85rem}td,th{padding:.35rem .5rem;border-bottom:1px solid var(--line);vertical-align:middle}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}td.name{max-width:18rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.mute{color:var(--mute)}.state{font-weight:600;white-space:nowrap}.state::before{content:"";display:inline-block;width:.65em;height:.65em;border-radius:50%;margin-right:.45em;background:var(--none)}
.state.up::before{background:var(--up)}.state.degraded::before{background:var(--degraded)}.state.down::before{background:var(--down)}.state.maintenance::before,.state.paused::before{background:var(--maint)}
svg.bars{width:100%;min-width:160px;height:28px;display:block}svg.plot{width:100%;height:auto;display:block}svg text{fill:var(--mute);font-size:11px}
rect.up{fill:var(--up)}rect.degraded{fill:var(--degraded)}rect.down{fill:var(--down)}rect.maintenance,rect.paused{fill:var(--maint)}rect.unknown{fill:var(--none)}
.grid{stroke:var(--line)}.band{fill:var(--band)}.line{fill:none;stroke:var(--maint);stroke-width:1.6}
.cards{display:flex;flex-wrap:wrap;gap:.6rem;margin:.8rem 0}.card{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.5rem .8rem;min-width:7.5rem}.card b{display:block;font-size:1.15rem;font-variant-numeric:tabular-nums}
form{margin:.6rem 0}input{font:inherit;padding:.25rem .5rem;background:var(--card);color:inherit;border:1px solid var(--line);border-radius:.35rem}.scroll{overflow-x:auto}
footer{margin-top:2rem;color:var(--mute);font-size:.85rem}@media print{nav,form,footer{display:none}}
)css";

// Fetches the page anew and puts its <main> in place of the shown one: nothing flickers, what the pointer or the
// keyboard is on stays. An answer that did not change (304) or did not come leaves everything as it is.
inline constexpr const char* kScript = R"js(
let tag='';
async function refresh(){
  if(document.hidden||document.activeElement?.tagName==='INPUT')return;
  try{
    const answer=await fetch(location.href,{headers:tag?{'If-None-Match':tag}:{},cache:'no-store'});
    if(!answer.ok)return;
    tag=answer.headers.get('ETag')||'';
    const fresh=new DOMParser().parseFromString(await answer.text(),'text/html').querySelector('main');
    if(fresh)document.querySelector('main').replaceChildren(...fresh.childNodes);
  }catch(error){}
}
setInterval(refresh,10000);
document.addEventListener('visibilitychange',refresh);
)js";

}  // namespace nines::tools
