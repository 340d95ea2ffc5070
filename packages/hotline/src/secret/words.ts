/**
 * 256 words for one byte each, in alphabetical order: short, concrete, harmless, without homophones; the first four letters
 * tell them apart, and no two are fewer than three letters apart. Made for this protocol. The order is part of it: byte 0
 * is "acorn", byte 255 "zebra".
 */
export const WORDS: readonly string[] = `
  acorn airport album almond amber anchor animal apple april arctic artist atlas autumn avenue bakery balcony bamboo
  banana basket beach berry bicycle biscuit blossom bottle bread bridge broccoli bronze brother butter cabbage cabin
  cactus camel candle canyon captain carpet cathedral ceiling cement chicken chimney circle clinic clock coconut
  coffee compass copper cotton cousin cowboy crystal cucumber cushion dancer daughter decade dentist desert diamond
  doctor dolphin donkey dragon drawer eagle earth echo elbow elephant engine envelope evening fabric family farmer
  feather fence festival fiddle finger flamingo flute forest fossil fountain friend frog furniture galaxy garden
  garlic giant giraffe glacier glass glove grape guitar harbour harvest hawk hedgehog helmet hero holiday horizon
  hotel hundred iceberg igloo insect island ivory jaguar jasmine jelly jewel jigsaw journey juice jungle jupiter
  kangaroo keyboard kitchen kiwi ladder lagoon lamp lantern laundry lavender lemon leopard library lizard lobster
  lunch magician magnet mango marble meadow metal midnight million mirror mobile morning museum mustard napkin nature
  needle nephew nutmeg oasis ocean octopus onion opera orange orchard ostrich oxygen painter palace panda paper parrot
  passport peanut pebble pelican pencil penguin picnic pigeon pillow pineapple pocket poem potato puzzle pyramid
  quarter rabbit radio rainbow raspberry ribbon river robot rubber ruby sailor salad sandwich sapphire satellite
  sausage school scissors season shepherd shoulder sister sketch sleeve snow spider spoon spring square squirrel
  stadium student sugar summer swallow telephone temple tennis theatre thunder tooth tornado tower tractor train
  trumpet tulip tunnel turtle twelve umbrella vacation valley vanilla village violin volcano voyage waffle walnut
  weekend whale whisper window wolf yogurt zebra
`
  .trim()
  .split(/\s+/);
