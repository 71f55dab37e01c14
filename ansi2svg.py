import sys
from rich.console import Console
from rich.text import Text
s=open(sys.argv[1],encoding='utf-8').read().rstrip('\n')
w=max(Text.from_ansi(l).cell_len for l in s.split('\n'))
import io
c=Console(record=True,width=w,file=io.StringIO(),force_terminal=True,color_system='truecolor',legacy_windows=False)
for l in s.split('\n'):
    t=Text.from_ansi(l); c.print(t,no_wrap=True,crop=True)
open(sys.argv[2],'w').write(c.export_svg(title='x'))
