//! The BLAKE2b compression function (RFC 7693 §3.2), written once for any vector of 64-bit words.

/// RFC 7693 §2.6.
pub(super) const IV: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// RFC 7693 §2.7. Rounds 10 and 11 repeat rounds 0 and 1.
pub(super) const SIGMA: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/// Defines `compress::<WORDS>(h, m, counter, last, constants)` over the vector type `$v` from its arithmetic, under the
/// given attributes. A macro and not a trait, because safe functions with target features cannot
/// implement trait methods, and because unrolled rounds keep the message in registers.
macro_rules! define_compress {
    (
        $(#[$attribute:meta])*
        $v:ty, $constants:ty { $splat:ident $add:ident $xor:ident $ror32:ident $ror24:ident $ror16:ident $ror63:ident }
    ) => {
        /// Compresses the block `m`, whose words from `WORDS` on are zero, into `h`. `counter` is the
        /// number of message bytes up to and including this block, `last` marks the final one.
        $(#[$attribute])*
        fn compress<const WORDS: usize>(h: &mut [$v; 8], m: &[$v; 16], counter: u64, last: bool, constants: &$constants) {
            use $crate::blake2b::compress::{IV, SIGMA};
            macro_rules! add_word {
                ($sum:expr, $x:expr) => { if $x < WORDS { $add($sum, m[$x]) } else { $sum } };
            }
            macro_rules! g {
                ($a:ident $b:ident $c:ident $d:ident, $x:expr, $y:expr) => {
                    $a = add_word!($add($a, $b), $x);
                    $d = $ror32($xor($d, $a), constants);
                    $c = $add($c, $d);
                    $b = $ror24($xor($b, $c), constants);
                    $a = add_word!($add($a, $b), $y);
                    $d = $ror16($xor($d, $a), constants);
                    $c = $add($c, $d);
                    $b = $ror63($xor($b, $c), constants);
                };
            }
            let [mut v0, mut v1, mut v2, mut v3, mut v4, mut v5, mut v6, mut v7] = *h;
            let [mut v8, mut v9, mut va, mut vb] = [IV[0], IV[1], IV[2], IV[3]].map(|i| $splat(i));
            let (mut vc, mut vd) = ($splat(IV[4] ^ counter), $splat(IV[5]));
            let (mut ve, mut vf) = ($splat(if last { !IV[6] } else { IV[6] }), $splat(IV[7]));
            macro_rules! rounds {
                ($r:literal $i:literal) => {
                    g!(v0 v4 v8 vc, SIGMA[$r][0], SIGMA[$r][1]);
                    g!(v1 v5 v9 vd, SIGMA[$r][2], SIGMA[$r][3]);
                    g!(v2 v6 va ve, SIGMA[$r][4], SIGMA[$r][5]);
                    g!(v3 v7 vb vf, SIGMA[$r][6], SIGMA[$r][7]);
                    g!(v0 v5 va vf, SIGMA[$r][8], SIGMA[$r][9]);
                    g!(v1 v6 vb vc, SIGMA[$r][10], SIGMA[$r][11]);
                    g!(v2 v7 v8 vd, SIGMA[$r][12], SIGMA[$r][13]);
                    g!(v3 v4 v9 ve, SIGMA[$r][14], SIGMA[$r][15]);
                };
                ($r:literal) => { rounds!($r 0) };
            }
            rounds!(0);
            rounds!(1);
            rounds!(2);
            rounds!(3);
            rounds!(4);
            rounds!(5);
            rounds!(6);
            rounds!(7);
            rounds!(8);
            rounds!(9);
            rounds!(0);
            rounds!(1);
            *h = [
                $xor(h[0], $xor(v0, v8)),
                $xor(h[1], $xor(v1, v9)),
                $xor(h[2], $xor(v2, va)),
                $xor(h[3], $xor(v3, vb)),
                $xor(h[4], $xor(v4, vc)),
                $xor(h[5], $xor(v5, vd)),
                $xor(h[6], $xor(v6, ve)),
                $xor(h[7], $xor(v7, vf)),
            ];
        }
    };
}
pub(super) use define_compress;
