import { json, Network, keysOf } from './test/sites.ts';
const after: (()=>unknown)[]=[];
const n = await Network.open({after:(f)=>{after.push(f)}}, {keyBytes: 1<<20, padBytes: 16+16*20000});
const pair = async () => { const k = keysOf(await n.beijing.call('GET','enc_keys')); const r = await n.moscow.call('GET','dec_keys',{search:'key_ID='+k[0]!.key_ID}); if (keysOf(r)[0]!.key!==k[0]!.key) throw new Error('differs'); };
for (const c of [1,8,32]) {
  const t0=performance.now(), u0=process.cpuUsage(); let done=0; const N= 3000; const lat:number[]=[];
  await Promise.all(Array.from({length:c}, async()=>{ while(done<N){done++; const a=performance.now(); await pair(); lat.push(performance.now()-a);} }));
  const s=(performance.now()-t0)/1000; const u=process.cpuUsage(u0); lat.sort((a,b)=>a-b);
  console.log(c, (N/s).toFixed(0),'pairs/s', 'cpu us/pair', ((u.user+u.system)/N).toFixed(0), 'frames', n.wire.length, 'p50',lat[lat.length>>1]!.toFixed(2),'p99',lat[Math.floor(lat.length*.99)]!.toFixed(2)); n.wire.length=0;
}
for (const f of after) await f();
