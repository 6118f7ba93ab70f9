#include "textflag.h"

// The numbers of a row are computed four at a time, the last one to three of a
// part of it with the others masked out, by the operations of the plain code.

// masks: the four numbers at masks + 8 (4 - r) mask all but r.
DATA masks<>+0(SB)/8, $-1
DATA masks<>+8(SB)/8, $-1
DATA masks<>+16(SB)/8, $-1
DATA masks<>+24(SB)/8, $-1
DATA masks<>+32(SB)/8, $0
DATA masks<>+40(SB)/8, $0
DATA masks<>+48(SB)/8, $0
DATA masks<>+56(SB)/8, $0
GLOBL masks<>(SB), RODATA|NOPTR, $64

// Rows are visited in three parts, as by inRow in stencil.go: AX counts
// numbers, CX is the end of a part, and R8 and R9 are where x would begin if
// neighbours had the index of their site. R12 is what a row has, R13 a site.
#define FIRST \
	MOVQ x+8(FP), SI     \
	MOVQ a+16(FP), R10   \
	MOVQ b+24(FP), R11   \
	MOVQ n+32(FP), R12   \
	MOVQ each+40(FP), R13 \
	XORQ AX, AX          \
	MOVQ R13, CX         \
	MOVQ R12, R8         \
	SUBQ R13, R8         \
	LEAQ (SI)(R8*8), R8  \
	LEAQ (SI)(R13*8), R9

#define INNER \
	MOVQ R12, CX         \
	SUBQ R13, CX         \
	NEGQ R13             \
	LEAQ (SI)(R13*8), R8 \
	NEGQ R13

#define LAST \
	MOVQ R12, CX         \
	NEGQ R12             \
	LEAQ (R9)(R12*8), R9 \
	MOVQ CX, R12

// REST makes Y7 the mask of CX - AX numbers.
#define REST \
	MOVQ AX, BX          \
	SUBQ CX, BX          \
	LEAQ masks<>+32(SB), DX \
	VMOVUPD (DX)(BX*8), Y7

// LOAD loads x, the sum over its neighbours, and x^2.
#define LOAD \
	VMOVUPD (SI)(AX*8), Y0      \
	VMOVUPD (R10)(AX*8), Y1     \
	VMOVUPD (R8)(AX*8), Y2      \
	VADDPD (R11)(AX*8), Y1, Y1  \
	VADDPD (R9)(AX*8), Y2, Y2   \
	VADDPD Y2, Y1, Y1           \
	VMULPD Y0, Y0, Y3

#define LOADREST \
	VMASKMOVPD (SI)(AX*8), Y7, Y0  \
	VMASKMOVPD (R10)(AX*8), Y7, Y1 \
	VMASKMOVPD (R11)(AX*8), Y7, Y3 \
	VMASKMOVPD (R8)(AX*8), Y7, Y2  \
	VMASKMOVPD (R9)(AX*8), Y7, Y4  \
	VADDPD Y3, Y1, Y1              \
	VADDPD Y4, Y2, Y2              \
	VADDPD Y2, Y1, Y1              \
	VMULPD Y0, Y0, Y3

// KICK is what follows in a kick; p is in Y5.
#define KICK \
	VFMADD213PD Y13, Y14, Y3 \
	VFMADD213PD Y5, Y15, Y1  \
	VFMADD231PD Y0, Y3, Y1

// func kickRowAVX2(p, x, a, b *float64, n, each int, linear, cubic, hop float64)
TEXT ·kickRowAVX2(SB), NOSPLIT, $0-72
	MOVQ p+0(FP), DI
	VBROADCASTSD linear+48(FP), Y13
	VBROADCASTSD cubic+56(FP), Y14
	VBROADCASTSD hop+64(FP), Y15
	FIRST
	MOVQ $2, R14 // parts to come

part:
	SUBQ $4, CX
	CMPQ AX, CX
	JGT  rest

four:
	VMOVUPD (DI)(AX*8), Y5
	LOAD
	KICK
	VMOVUPD Y1, (DI)(AX*8)
	ADDQ $4, AX
	CMPQ AX, CX
	JLE  four

rest:
	ADDQ $4, CX
	CMPQ AX, CX
	JEQ  done
	REST
	VMASKMOVPD (DI)(AX*8), Y7, Y5
	LOADREST
	KICK
	VMASKMOVPD Y1, Y7, (DI)(AX*8)
	MOVQ CX, AX

done:
	DECQ R14
	JLT  end
	JEQ  last
	INNER
	JMP  part

last:
	LAST
	JMP  part

end:
	VZEROUPPER
	RET

// GRADIENT is what follows in a gradient, which it leaves in Y4.
#define GRADIENT \
	VMOVAPD Y3, Y4           \
	VMOVAPD Y3, Y5           \
	VFMADD213PD Y11, Y12, Y4 \
	VFMADD213PD Y13, Y14, Y5 \
	VFMADD231PD Y3, Y5, Y8   \
	VFMADD231PD Y0, Y1, Y9   \
	VMULPD Y15, Y1, Y1       \
	VFMSUB213PD Y1, Y0, Y4

// func gradientRowAVX2(dst, x, a, b *float64, n, each int, linear, cubic, A, B, K float64, t *sums)
TEXT ·gradientRowAVX2(SB), NOSPLIT, $0-96
	MOVQ dst+0(FP), DI
	VBROADCASTSD linear+48(FP), Y11
	VBROADCASTSD cubic+56(FP), Y12
	VBROADCASTSD A+64(FP), Y13
	VBROADCASTSD B+72(FP), Y14
	VBROADCASTSD K+80(FP), Y15
	MOVQ t+88(FP), R15
	VMOVUPD (R15), Y8
	VMOVUPD 32(R15), Y9
	FIRST
	MOVQ $2, R14 // parts to come

part:
	SUBQ $4, CX
	CMPQ AX, CX
	JGT  rest

four:
	LOAD
	GRADIENT
	VMOVUPD Y4, (DI)(AX*8)
	ADDQ $4, AX
	CMPQ AX, CX
	JLE  four

rest:
	ADDQ $4, CX
	CMPQ AX, CX
	JEQ  done
	REST
	LOADREST
	GRADIENT
	VMASKMOVPD Y4, Y7, (DI)(AX*8)
	MOVQ CX, AX

done:
	DECQ R14
	JLT  end
	JEQ  last
	INNER
	JMP  part

last:
	LAST
	JMP  part

end:
	MOVQ t+88(FP), R15
	VMOVUPD Y8, (R15)
	VMOVUPD Y9, 32(R15)
	VZEROUPPER
	RET

// Rows of whole groups of four are visited one after the other. The first group
// has its left neighbours from itself and the end of the row, the last one its
// right neighbours from itself and the beginning.

// ROWS sets up a visit: R8 is the length of a row less a group. R12 counts rows.
#define ROWS \
	MOVQ x+8(FP), SI   \
	MOVQ a+16(FP), R10 \
	MOVQ b+24(FP), R11 \
	MOVQ n+32(FP), R8  \
	SUBQ $4, R8

#define FIRSTGROUP \
	VMOVUPD (SI), Y0               \
	VMOVUPD (R10), Y1              \
	VBROADCASTSD 24(SI)(R8*8), Y6  \
	VPERMPD $0x90, Y0, Y2          \
	VBLENDPD $1, Y6, Y2, Y2        \
	VBROADCASTSD (SI), Y7          \
	VADDPD (R11), Y1, Y1           \
	VADDPD 8(SI), Y2, Y2           \
	VADDPD Y2, Y1, Y1              \
	VMULPD Y0, Y0, Y3

#define INNERGROUP \
	VMOVUPD (SI)(AX*8), Y0      \
	VMOVUPD (R10)(AX*8), Y1     \
	VMOVUPD -8(SI)(AX*8), Y2    \
	VADDPD (R11)(AX*8), Y1, Y1  \
	VADDPD 8(SI)(AX*8), Y2, Y2  \
	VADDPD Y2, Y1, Y1           \
	VMULPD Y0, Y0, Y3

#define LASTGROUP \
	VMOVUPD (SI)(AX*8), Y0      \
	VMOVUPD (R10)(AX*8), Y1     \
	VPERMPD $0xF9, Y0, Y2       \
	VBLENDPD $8, Y7, Y2, Y2     \
	VADDPD (R11)(AX*8), Y1, Y1  \
	VADDPD -8(SI)(AX*8), Y2, Y2 \
	VADDPD Y2, Y1, Y1           \
	VMULPD Y0, Y0, Y3

#define NEXTROW \
	LEAQ 32(DI)(R8*8), DI   \
	LEAQ 32(SI)(R8*8), SI   \
	LEAQ 32(R10)(R8*8), R10 \
	LEAQ 32(R11)(R8*8), R11 \
	DECQ R12

// func kickWholeAVX2(p, x, a, b *float64, n, rows int, linear, cubic, hop float64)
TEXT ·kickWholeAVX2(SB), NOSPLIT, $0-72
	MOVQ p+0(FP), DI
	VBROADCASTSD linear+48(FP), Y13
	VBROADCASTSD cubic+56(FP), Y14
	VBROADCASTSD hop+64(FP), Y15
	ROWS
	MOVQ rows+40(FP), R12

row:
	VMOVUPD (DI), Y5
	FIRSTGROUP
	KICK
	VMOVUPD Y1, (DI)
	MOVQ $4, AX
	JMP  check

inner:
	VMOVUPD (DI)(AX*8), Y5
	INNERGROUP
	KICK
	VMOVUPD Y1, (DI)(AX*8)
	ADDQ $4, AX

check:
	CMPQ AX, R8
	JLT  inner
	VMOVUPD (DI)(AX*8), Y5
	LASTGROUP
	KICK
	VMOVUPD Y1, (DI)(AX*8)
	NEXTROW
	JNE  row
	VZEROUPPER
	RET

// func gradientWholeAVX2(dst, x, a, b *float64, n, rows int, linear, cubic, A, B, K float64, t *sums)
TEXT ·gradientWholeAVX2(SB), NOSPLIT, $0-96
	MOVQ dst+0(FP), DI
	VBROADCASTSD linear+48(FP), Y11
	VBROADCASTSD cubic+56(FP), Y12
	VBROADCASTSD A+64(FP), Y13
	VBROADCASTSD B+72(FP), Y14
	VBROADCASTSD K+80(FP), Y15
	MOVQ t+88(FP), R15
	VMOVUPD (R15), Y8
	VMOVUPD 32(R15), Y9
	ROWS
	MOVQ rows+40(FP), R12

row:
	FIRSTGROUP
	GRADIENT
	VMOVUPD Y4, (DI)
	MOVQ $4, AX
	JMP  check

inner:
	INNERGROUP
	GRADIENT
	VMOVUPD Y4, (DI)(AX*8)
	ADDQ $4, AX

check:
	CMPQ AX, R8
	JLT  inner
	LASTGROUP
	GRADIENT
	VMOVUPD Y4, (DI)(AX*8)
	NEXTROW
	JNE  row
	MOVQ t+88(FP), R15
	VMOVUPD Y8, (R15)
	VMOVUPD Y9, 32(R15)
	VZEROUPPER
	RET

// func addScaledAVX2(x, p *float64, n int, t float64)
TEXT ·addScaledAVX2(SB), NOSPLIT, $0-32
	MOVQ x+0(FP), DI
	MOVQ p+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTSD t+24(FP), Y15
	XORQ AX, AX
	SUBQ $4, CX
	JLT  rest

four:
	VMOVUPD (SI)(AX*8), Y0
	VFMADD213PD (DI)(AX*8), Y15, Y0
	VMOVUPD Y0, (DI)(AX*8)
	ADDQ $4, AX
	CMPQ AX, CX
	JLE  four

rest:
	ADDQ $4, CX
	CMPQ AX, CX
	JEQ  end
	REST
	VMASKMOVPD (DI)(AX*8), Y7, Y1
	VMASKMOVPD (SI)(AX*8), Y7, Y0
	VFMADD213PD Y1, Y15, Y0
	VMASKMOVPD Y0, Y7, (DI)(AX*8)

end:
	VZEROUPPER
	RET
