import { Ldpc } from '@skykey/kernels'; import { construct } from './construct2.tmp.ts'; import { degreesFor } from './degrees.ts'; const codeOf=(fam:any,lift:number,m:number)=>construct(lift,m,degreesFor(fam,m),m); import { binaryEntropy as h } from '@skykey/finitekey'; import { seededWords } from '../test/benchtop.ts';
const lift=+process.argv[2]!, fam=process.argv[3] as any, frames=+process.argv[4]!, q=+process.argv[5]!;
for(const f of process.argv.slice(6).map(Number)){ const n=200*lift; const rows=16*Math.ceil(n*h(q)*f/16); const m=Math.ceil(rows/lift); const code=codeOf(fam,lift,m); const K=new Ldpc(code); const E=code.layers.reduce((a,l)=>a+l.columns.length,0)/200;
 const next=seededWords(77); let fail='',it=0,c=0; for(let k=0;k<frames;k++){ const e=new Uint8Array(n/8); const l=Math.log(1-q); let w=0; 
  // exactly q n errors
  const want=Math.round(q*n); while(w<want){const i=next()%n; if(!((e[i>>3]!>>(i&7))&1)){e[i>>3]!|=1<<(i&7);w++;}}
  const s=K.syndrome(e); const c0=process.cpuUsage(); const d=K.decode(s,{rows,unknown:new Array(200).fill(lift),nats:Math.log((1-q)/q),sweeps:150}); const u=process.cpuUsage(c0); c+=u.user+u.system; it+=d.sweeps; if(d.unsatisfied) fail+=' '+d.unsatisfied; }
 console.log(q,'f',f,'m',m,'E',E.toFixed(2),'it',(it/frames).toFixed(1),'Mbit/s',(n*frames/c).toFixed(1),'fails',fail); }
