fn main(){
 let n: usize = std::env::args().nth(1).unwrap().parse().unwrap();
 let mut text = String::from("containers:\n");
 for i in 0..n { text.push_str(&format!("  c{i}:\n    image: app\n    command: [sh, -c, \"echo $HOME {i}\"]\n    env:\n      A: one\n      B: \"{{{{ project }}}}\"\n      C: {i}\n    ports:\n    - \"{}:80\"\n    networks: [front]\n    mounts:\n    - data:/var/lib/data\n    - ./src:/src:ro\n    labels:\n      a: b\n    restart: always\n    healthcheck: {{test: [CMD, \"true\"], interval: 5s}}\n", 1024+i)); }
 let mut m = windlass_config::SourceMap::new();
 let f = m.add("x","/",text.clone());
 let t=std::time::Instant::now();
 let mut d = windlass_config::Diagnostics::default();
 let r = windlass_config::yaml::parse(f,&text,windlass_config::yaml::ParseOptions{tags:&[]},&mut d);
 println!("parse {:?} {} bytes", t.elapsed(), text.len());
 let t=std::time::Instant::now(); drop(r); println!("drop {:?}", t.elapsed());
}
