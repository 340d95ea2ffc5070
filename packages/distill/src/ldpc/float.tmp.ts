import { codeOf } from './one-way.ts'; import { binaryEntropy as h } from '@skykey/finitekey'; import { seededWords } from '../test/benchtop.ts'; import { Ldpc } from '@skykey/kernels';
const lift=+process.argv[2]!, q=+process.argv[3]!;
for(const f of process.argv.slice(4).map(Number)){ const n=200*lift; const rows=16*Math.ceil(n*h(q)*f/16); const m=Math.ceil(rows/lift); const code=codeOf('long',lift,m); const K=new Ldpc(code);
 const next=seededWords(77); const e=new Uint8Array(n/8); const want=Math.round(q*n); let w=0; while(w<want){const i=next()%n; if(!((e[i>>3]!>>(i&7))&1)){e[i>>3]!|=1<<(i&7);w++;}}
 const s=K.syndrome(e); const L=Math.log((1-q)/q); const d=K.decode(s,{rows,unknown:new Array(200).fill(lift),nats:L,sweeps:100});
 const v=new Float32Array(n).fill(L); const msg=code.layers.map(l=>new Float32Array(l.columns.length*lift)); let out='';
 for(let it=1;it<=80;it++){ let bad=0; for(const [l,lay] of code.layers.entries()){ const dg=lay.columns.length; const t=new Float64Array(dg),x=new Int32Array(dg),vv=new Float64Array(dg),pre=new Float64Array(dg+1);
   for(let r=0;r<lift;r++){ const row=l*lift+r; if(row>=rows)break; let sg=1-2*((s[row>>3]!>>(row&7))&1); pre[0]=sg; for(let j=0;j<dg;j++){ let p=r+lay.shifts[j]!; if(p>=lift)p-=lift; x[j]=lay.columns[j]!*lift+p; vv[j]=v[x[j]!]!-msg[l]![r*dg+j]!; t[j]=Math.tanh(Math.max(-18,Math.min(18,vv[j]!))/2); pre[j+1]=pre[j]!*t[j]!; } if(pre[dg]!<0)bad++; let suf=1; for(let j=dg-1;j>=0;j--){ const y=pre[j]!*suf; const c=Math.log((1+y)/(1-y)); const cc=Math.max(-18,Math.min(18,c)); msg[l]![r*dg+j]=cc; v[x[j]!]=vv[j]!+cc; suf*=t[j]!; } } }
  out=`${it}:${bad}`; if(!bad)break; }
 console.log(q,f,'kernel',d.sweeps,d.unsatisfied,'float',out); }
